"""How long to wait before a dead process is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
HEALTHY_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """The deaths of one process so far. Times are `time.monotonic()` seconds."""

    deaths: int = 0
    started_at: float = 0.0
    start_again_at: float | None = None  # None: it is not waiting

    def after_start(self, now: float) -> Backoff:
        return replace(self, started_at=now, start_again_at=None)

    def after_death(self, now: float) -> Backoff:
        """Wait 1, 2, 4 … 30 s; a minute of health is a fresh beginning."""
        was_healthy = now - self.started_at >= HEALTHY_SECONDS
        deaths = 1 if was_healthy else self.deaths + 1
        return replace(self, deaths=deaths, start_again_at=now + wait_seconds(deaths))

    def is_due(self, now: float) -> bool:
        return self.start_again_at is not None and now >= self.start_again_at


def wait_seconds(deaths: int) -> float:
    """The wait after that many deaths in a row."""
    return min(FIRST_SECONDS * 2.0 ** min(deaths - 1, 10), LONGEST_SECONDS)
