"""The sandbox's own clock: it can be set, moved on, slowed down and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Runs with the machine's clock from `start` (default: now) until told otherwise.

    `rate` is sandbox seconds per real second; 0 stops it.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        wall_seconds: Callable[[], float] = time.time,
    ) -> None:
        self._wall_seconds = wall_seconds
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Back to where it was started, at the pace of the machine's clock."""
        self._anchor_wall = self._wall_seconds()
        self._anchor = self._start or datetime.fromtimestamp(self._anchor_wall, UTC)
        self._rate = 1.0

    @property
    def rate(self) -> float:
        return self._rate

    def now(self) -> datetime:
        passed = (self._wall_seconds() - self._anchor_wall) * self._rate
        return self._anchor + timedelta(seconds=passed)

    def set(self, now: datetime) -> None:
        self._anchor_wall = self._wall_seconds()
        self._anchor = now

    def advance(self, span: timedelta) -> None:
        self.set(self.now() + span)

    def run_at(self, rate: float) -> None:
        self.set(self.now())
        self._rate = rate
