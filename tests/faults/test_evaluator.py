"""The independent evaluator itself: known nights, and agreement with the product."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schedules.recurrence import fire_times
from tests.faults.evaluator import slots

RULES = ["30 1 * * *", "30 2 * * *", "*/30 * * * *", "10 */2 * * *", "0 0 * * *"]
NIGHTS = [
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 10, 24, 20, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 10, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 5, 22, tzinfo=UTC)),
]


@pytest.mark.parametrize(
    ("cron", "day", "hours"),
    [
        ("30 2 * * *", datetime(2026, 3, 8, tzinfo=UTC), [7]),
        ("30 1 * * *", datetime(2026, 11, 1, tzinfo=UTC), [5]),
        ("30 * * * *", datetime(2026, 11, 1, 5, tzinfo=UTC), [*range(5, 24)]),
    ],
)
def test_a_fixed_time_counts_once_in_a_night_of_new_york(
    cron: str, day: datetime, hours: list[int]
):
    found = slots(cron, "America/New_York", day, day.replace(hour=23, minute=59))

    assert [slot.hour for slot in found] == hours


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 0 12 * FRI", 5),  # the 12th, and each Friday, of February 2026
        ("0 0 * * 7", 4),
        ("0 12 */10 * *", 3),
        ("5-10/5 3 * FEB MON-FRI", 40),
    ],
)
def test_days_and_lists_are_read_as_cron_means_them(cron: str, expected: int):
    begin = datetime(2026, 2, 1, tzinfo=UTC)

    assert len(slots(cron, "UTC", begin, begin + timedelta(days=28))) == expected


@pytest.mark.parametrize(("zone", "night"), NIGHTS)
@pytest.mark.parametrize("cron", RULES)
def test_the_product_and_the_patient_person_agree(
    cron: str, zone: str, night: datetime
):
    end = night + timedelta(hours=14)

    patient = slots(cron, zone, night, end)

    quick = fire_times(cron, zone, night - timedelta(seconds=1), 60)
    assert patient == [slot for slot in quick if slot < end]
