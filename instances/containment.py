"""Trouble with one row must not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

log = structlog.get_logger(__name__)


@contextmanager
def contained(event: str, **facts: Any) -> Iterator[None]:
    """Log what goes wrong inside, and go on behind it.

    Raises on when the task's time is up, and when the database is gone: then there is
    nothing to go on with.
    """
    try:
        yield
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        if not connection.is_usable():
            raise
        log.exception(event, **facts)
