"""Clocks that jump, differ, or are put back for the winter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.trial import MIXED, Trial

pytestmark = pytest.mark.faults

HERE = Path(__file__).parent


def test_f37_the_database_clock_jumps_ahead_and_back(trial: Trial):
    """A documented limit: slots of the false future get their rows at once."""
    trial.begin(*MIXED)
    trial.wait(10)
    trial.clock.move_database(timedelta(minutes=4))
    trial.bit(1)
    trial.wait(5)
    trial.clock.move_database(timedelta(minutes=-4))
    trial.wait(5)

    trial.conclude()


def test_f38_the_database_clock_is_set_back(trial: Trial):
    trial.begin(*MIXED)
    trial.wait(15)
    before = trial.runs()
    trial.clock.move_database(timedelta(minutes=-10))
    trial.bit(1)
    trial.wait(15)
    assert trial.runs() == before, "nothing is due in the past"
    trial.clock.move_database(timedelta(minutes=10))
    trial.wait(10)

    trial.conclude()


def test_f39_every_worker_has_another_wrong_clock_until_it_is_set_right(
    trial: Trial,
):
    workers = trial.stack.names("worker", "beat", "ticker")
    try:
        for number, name in enumerate(workers):
            hours = (3, -3, 1, -1)[number % 4]
            trial.stack.restart_with(
                name, PYTHONPATH=str(HERE / "wrong_clock"), WRONG_BY_HOURS=str(hours)
            )
            trial.bit(1)
        trial.begin(*MIXED)
        trial.wait(25)
        succeeded = trial.runs("state = 'SUCCEEDED'")
    finally:
        for name in workers:
            trial.stack.restart_with(name)

    trial.wait(5)
    trial.conclude()
    assert succeeded, "nothing ran to its end while the clocks were wrong"


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("America/New_York", datetime(2026, 3, 8, 5, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 10, 24, 23, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 14, 0, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, 2, 30, tzinfo=UTC)),
    ],
)
def test_f40_the_night_of_a_clock_change(trial: Trial, zone: str, night: datetime):
    rules = ["30 1 * * *", "30 2 * * *", "15 0 * * *", "0 * * * *", "*/30 * * * *"]
    rules += ["15,45 1-3 * * *", "10 */2 * * *", "0 0 * * *", "* 1 * * *"]
    trial.begin(
        *(
            {
                "cron_expression": rule,
                "timezone": zone,
                "next_run_at": night.isoformat(),
                "overlap_policy": "allow",
                "aligned": True,
            }
            for rule in rules
        ),
        start=night,
        rate=240.0,
    )
    trial.bit(1)
    trial.wait_until(lambda: trial.clock.now() > night + timedelta(hours=5), 90)

    trial.conclude()
