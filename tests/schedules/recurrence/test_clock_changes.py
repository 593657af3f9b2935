"""Days on which a clock changes, each with what runs on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schedules.recurrence import fires_between, zone
from schedules.recurrence.slots import clock_changes


def fires(cron: str, timezone: str, after: str, hours: float) -> list[str]:
    """Instants within `hours` of `after`, as MM-DDTHH:MM in UTC."""
    start = datetime.fromisoformat(f"{after}:00+00:00")
    found = fires_between(cron, timezone, start, start + timedelta(hours=hours), 99)
    return [f"{fire:%m-%dT%H:%M}" for fire in found]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # 02:00 to 03:00 does not exist; 03:00 EDT is 07:00Z.
        ("30 2 * * *", ["03-14T07:00", "03-15T06:30"]),
        ("30 2 * * 0", ["03-14T07:00"]),
        ("0,30 2 * * *", ["03-14T07:00", "03-15T06:00", "03-15T06:30"]),
        ("30 2,3 * * *", ["03-14T07:00", "03-14T07:30", "03-15T06:30", "03-15T07:30"]),
        ("0 2,3 * * *", ["03-14T07:00", "03-15T06:00", "03-15T07:00"]),
        ("59 1 * * *", ["03-14T06:59", "03-15T05:59"]),
        ("30 */2 * * 0", [f"03-14T{h:02}:30" for h in (5, 8, 10, 12, 14, 16, 18, 20)]),
        ("*/30 2 * * *", ["03-15T06:00", "03-15T06:30"]),
        ("0 9 * * *", ["03-14T13:00", "03-15T13:00"]),
    ],
)
def test_new_york_springs_forward_on_14_march_2027(
    cron: str, expected: list[str]
) -> None:
    found = fires(cron, "America/New_York", "2027-03-14T05:00", 40)

    assert found[: len(expected)] == expected


def test_an_hourly_rule_keeps_real_time_on_14_march_2027() -> None:
    found = fires("0 * * * *", "America/New_York", "2027-03-14T05:30", 3)

    assert found == ["03-14T06:00", "03-14T07:00", "03-14T08:00"]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # 01:00 to 02:00 comes twice: 05:00Z to 06:00Z and 06:00Z to 07:00Z.
        ("30 1 * * *", ["11-01T05:30", "11-02T06:30"]),
        ("0,30 1 * * *", ["11-01T05:00", "11-01T05:30", "11-02T06:00", "11-02T06:30"]),
        ("0 1,2 * * *", ["11-01T05:00", "11-01T07:00", "11-02T06:00", "11-02T07:00"]),
        ("*/30 1 * * 0", ["11-01T05:00", "11-01T05:30", "11-01T06:00", "11-01T06:30"]),
        ("0 2 * * *", ["11-01T07:00", "11-02T07:00"]),
    ],
)
def test_new_york_falls_back_on_1_november_2026(cron: str, expected: list[str]) -> None:
    assert fires(cron, "America/New_York", "2026-11-01T04:00", 30) == expected


def test_an_hourly_rule_runs_in_both_hours_on_1_november_2026() -> None:
    found = fires("0 * * * *", "America/New_York", "2026-11-01T04:30", 4)

    assert found == ["11-01T05:00", "11-01T06:00", "11-01T07:00", "11-01T08:00"]


@pytest.mark.parametrize(
    "after", ["2026-11-01T05:30", "2026-11-01T05:59", "2026-11-01T06:10"]
)
def test_after_its_first_pass_a_fixed_time_waits_for_the_next_day(after: str) -> None:
    found = fires("30 1 * * *", "America/New_York", after, 25.5)

    assert found == ["11-02T06:30"]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        # 01:30 to 02:00 is repeated by half an hour.
        ("*/20 1 * * *", "2027-04-03T14:44", ["04-03T15:10"]),
        ("40 1 * * *", "2027-04-03T14:00", ["04-03T14:40"]),
        # 02:00 to 02:30 is skipped by half an hour.
        ("15 2 * * *", "2027-10-02T12:00", ["10-02T15:30"]),
    ],
)
def test_lord_howe_changes_by_half_an_hour(
    cron: str, after: str, expected: list[str]
) -> None:
    assert fires(cron, "Australia/Lord_Howe", after, 12) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # At 03:45 on 4 April 2027 the clock goes back to 02:45.
        ("45 */3 * * *", ["04-03T11:00", "04-03T15:00", "04-03T18:00"]),
        ("50 */2 * * *", ["04-03T13:05", "04-03T14:05", "04-03T16:05"]),
        ("50 2 * * *", ["04-03T13:05"]),
    ],
)
def test_chatham_repeats_an_hour_that_does_not_start_on_the_hour(
    cron: str, expected: list[str]
) -> None:
    assert fires(cron, "Pacific/Chatham", "2027-04-03T10:00", 8)[-3:] == expected


def test_cairo_skips_midnight_on_30_april_2027() -> None:
    found = fires("0 0 * * *", "Africa/Cairo", "2027-04-29T00:00", 24)

    assert found == ["04-29T22:00"]


def test_saint_johns_repeats_the_end_of_a_day_on_7_november_2010() -> None:
    # At 00:01 of the 7th the clock went back to 23:01 of the 6th: 00:00 comes twice.
    found = fires("0 */1 * * *", "America/St_Johns", "2010-11-07T01:15", 4)

    assert found == ["11-07T01:30", "11-07T02:30", "11-07T03:30", "11-07T04:30"]


def test_samoa_skips_a_whole_day_on_30_december_2011() -> None:
    found = fires("30 9 * * *", "Pacific/Apia", "2011-12-29T20:00", 48)

    # 31 December 00:00, when the day is over; 09:30 of the 31st and of the 1st.
    assert found == ["12-30T10:00", "12-30T19:30", "12-31T19:30"]


def test_a_rule_of_the_missing_day_runs_once_at_its_end() -> None:
    found = fires("0,30 9,15 30 12 *", "Pacific/Apia", "2011-12-29T00:00", 72)

    assert found == ["12-30T10:00"]


def test_the_changes_of_a_zone_come_in_order() -> None:
    start = datetime(2027, 1, 1, tzinfo=UTC)

    changes = list(
        clock_changes(zone("Europe/Berlin"), start, start + timedelta(days=366))
    )

    assert [change.at.isoformat() for change in changes] == [
        "2027-03-28T01:00:00+00:00",
        "2027-10-31T01:00:00+00:00",
    ]
    assert [change.forward for change in changes] == [True, False]


def test_a_change_is_found_to_the_second_whatever_the_start() -> None:
    start = datetime(2027, 3, 28, 0, 59, 59, 999_999, tzinfo=UTC)

    (change,) = clock_changes(zone("Europe/Berlin"), start, start + timedelta(days=1))

    assert change.at == datetime(2027, 3, 28, 1, tzinfo=UTC)
