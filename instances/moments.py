"""A reading of the clock, carried on: for work that takes longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


def carried_on(now: datetime) -> Callable[[], datetime]:
    """A clock that shows `now` at this moment and runs on from there."""
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
