"""Beat's scheduler, made to survive a clock that was wrong: it only wakes us.

Beat remembers when it last sent each message, by the machine's clock and in the
database. Should that clock once have run ahead, Beat would wait for it to be passed
again, for hours perhaps, and nobody would poll meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class SteadyScheduler(DatabaseScheduler):  # type: ignore[misc] # it has no types
    """What was sent in the future is due now."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        self._forget_the_future()
        return float(super().tick(*args, **kwargs))

    def _forget_the_future(self) -> None:
        """And let the order of what is next be worked out again."""
        now = datetime.now(UTC)
        wrong = [each for each in self.schedule.values() if each.last_run_at > now]
        for entry in wrong:
            entry.last_run_at = LONG_AGO
        if wrong:
            self._heap = None
