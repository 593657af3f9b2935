"""Beat goes on sending after its clock was wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from config.celery import app
from config.steady_beat import SteadyScheduler

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OFTEN = {
    "schedules.tasks.tick",
    "schedules.tasks.settle_runs",
    "workflows.tasks.poll_executions",
}

pytestmark = pytest.mark.django_db(transaction=True)


class Recording(SteadyScheduler):  # type: ignore[misc] # its base has no types
    """Notes what it would send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*args, **kwargs)
        self._finalize.cancel()  # at the interpreter's end there is no database

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(entry.task)


def sent_by(scheduler: Recording) -> set[str]:
    """What it sends within some ticks."""
    scheduler.sent.clear()
    for _ in range(20):
        scheduler.tick()
    return set(scheduler.sent)


def test_what_another_beat_sent_in_the_future_is_due_now():
    with time_machine.travel(NOW + timedelta(hours=3), tick=False) as ahead:
        before = Recording(app=app)
        ahead.shift(timedelta(minutes=10))
        assert sent_by(before) >= OFTEN
        before.sync()

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert sent_by(Recording(app=app)) >= OFTEN


def test_a_clock_that_is_set_back_stops_nothing():
    with time_machine.travel(NOW, tick=False) as clock:
        scheduler = Recording(app=app)
        clock.shift(timedelta(minutes=10))
        assert sent_by(scheduler) >= OFTEN

        clock.shift(timedelta(hours=-1))

        assert sent_by(scheduler) >= OFTEN


def test_in_good_time_each_message_is_sent_once_a_period():
    with time_machine.travel(NOW, tick=False) as clock:
        scheduler = Recording(app=app)
        clock.shift(timedelta(minutes=10))
        sent_by(scheduler)

        clock.shift(timedelta(seconds=1))

        assert sent_by(scheduler) & OFTEN == set()
