"""Windows: which dates of data a slot asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidWindow
from workflows.windows import Window, check_rule, resolve

BERLIN = "Europe/Berlin"
# Monday 30 November 2026, 09:00 in Berlin.
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)


def dates(rule: dict[str, Any], at: datetime = MONDAY, timezone: str = BERLIN) -> str:
    """The window with its last day, as people write it."""
    window = resolve(rule, at, timezone)
    return f"{window.start} to {window.end - timedelta(days=1)}"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"kind": "last_days", "days": 7}, "2026-11-21 to 2026-11-27"),
        ({"kind": "last_days", "days": 7, "lag_days": 2}, "2026-11-21 to 2026-11-27"),
        ({"kind": "last_days", "days": 7, "lag_days": 0}, "2026-11-23 to 2026-11-29"),
        ({"kind": "last_days", "days": 1}, "2026-11-27 to 2026-11-27"),
        ({"kind": "last_days", "days": 30}, "2026-10-29 to 2026-11-27"),
        # The week of 23 November ends on the 29th, which is not complete.
        ({"kind": "previous_week"}, "2026-11-16 to 2026-11-22"),
        (
            {"kind": "previous_week", "week_starts": "monday"},
            "2026-11-16 to 2026-11-22",
        ),
        (
            {"kind": "previous_week", "week_starts": "Sunday"},
            "2026-11-15 to 2026-11-21",
        ),
        ({"kind": "previous_week", "week_starts": "sat"}, "2026-11-21 to 2026-11-27"),
        ({"kind": "previous_week", "lag_days": 0}, "2026-11-23 to 2026-11-29"),
        ({"kind": "previous_month"}, "2026-10-01 to 2026-10-31"),
        ({"kind": "month_to_date"}, "2026-11-01 to 2026-11-27"),
        (
            {"kind": "fixed", "start": "2026-11-01", "end": "2026-11-08"},
            "2026-11-01 to 2026-11-07",
        ),
        (
            {"kind": "fixed", "start": date(2026, 11, 1), "end": date(2026, 11, 8)},
            "2026-11-01 to 2026-11-07",
        ),
        (
            {"kind": "fixed", "start": "2026-11-30", "end": "2026-12-01"},
            "2026-11-30 to 2026-11-30",
        ),
    ],
)
def test_windows_of_monday_30_november_2026(
    rule: dict[str, Any], expected: str
) -> None:
    assert dates(rule) == expected


@pytest.mark.parametrize(
    ("day", "rule", "expected"),
    [
        # Wednesday is the first day on which Monday to Sunday is complete.
        (24, {"kind": "previous_week"}, "2026-11-09 to 2026-11-15"),
        (25, {"kind": "previous_week"}, "2026-11-16 to 2026-11-22"),
        # The third is the first day on which a month is complete.
        (2, {"kind": "previous_month"}, "2026-09-01 to 2026-09-30"),
        (3, {"kind": "previous_month"}, "2026-10-01 to 2026-10-31"),
        (3, {"kind": "month_to_date"}, "2026-10-01 to 2026-10-31"),
        (4, {"kind": "month_to_date"}, "2026-11-01 to 2026-11-01"),
        (3, {"kind": "month_to_date", "lag_days": 0}, "2026-11-01 to 2026-11-02"),
        (1, {"kind": "month_to_date", "lag_days": 0}, "2026-10-01 to 2026-10-31"),
        (1, {"kind": "previous_month", "lag_days": 0}, "2026-10-01 to 2026-10-31"),
    ],
)
def test_windows_around_the_ends_of_weeks_and_months(
    day: int, rule: dict[str, Any], expected: str
) -> None:
    assert dates(rule, datetime(2026, 11, day, 8, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        ("America/Los_Angeles", "2026-11-26 to 2026-11-26"),
        ("UTC", "2026-11-27 to 2026-11-27"),
        ("Pacific/Kiritimati", "2026-11-27 to 2026-11-27"),
    ],
)
def test_the_day_is_that_of_the_zone(timezone: str, expected: str) -> None:
    moment = datetime(2026, 11, 30, 7, 59, tzinfo=UTC)

    assert dates({"kind": "last_days", "days": 1}, moment, timezone) == expected


def test_a_window_counts_its_days() -> None:
    assert resolve({"kind": "last_days", "days": 7}, MONDAY, BERLIN) == Window(
        date(2026, 11, 21), date(2026, 11, 28)
    )
    assert Window(date(2026, 11, 21), date(2026, 11, 28)).days == 7


@pytest.mark.parametrize(
    ("start", "refused"),
    [("2025-10-30", False), ("2025-10-29", True)],
)
def test_a_window_reaches_13_months_back_and_no_further(
    start: str, refused: bool
) -> None:
    rule = {"kind": "fixed", "start": start, "end": "2025-11-30"}
    if not refused:
        assert dates(rule).startswith(start)
        return

    with pytest.raises(InvalidWindow) as caught:
        dates(rule)

    assert caught.value.code == "window_too_old"
    assert "back to 2025-10-30" in caught.value.message


def test_thirteen_months_before_the_end_of_a_long_month_is_that_of_a_short_one() -> (
    None
):
    at = datetime(2027, 3, 31, 12, tzinfo=UTC)
    rule = {"kind": "fixed", "start": "2026-02-28", "end": "2026-03-01"}

    assert dates(rule, at) == "2026-02-28 to 2026-02-28"


def test_the_longest_last_days_reach_too_far() -> None:
    with pytest.raises(InvalidWindow) as caught:
        dates({"kind": "last_days", "days": 400})

    assert caught.value.code == "window_too_old"


def test_days_that_have_not_been_are_refused() -> None:
    with pytest.raises(InvalidWindow) as caught:
        dates({"kind": "fixed", "start": "2026-11-01", "end": "2026-12-02"})

    assert (caught.value.code, caught.value.field) == ("window_in_future", "window")


@pytest.mark.parametrize(
    ("rule", "code", "field"),
    [
        (None, "type", "window"),
        ("last_days", "type", "window"),
        ([], "type", "window"),
        ({}, "kind", "window.kind"),
        ({"kind": "yesterday"}, "kind", "window.kind"),
        ({"kind": ["last_days"]}, "kind", "window.kind"),
        ({"kind": "last_days"}, "type", "window.days"),
        ({"kind": "last_days", "days": "7"}, "type", "window.days"),
        ({"kind": "last_days", "days": 7.0}, "type", "window.days"),
        ({"kind": "last_days", "days": True}, "type", "window.days"),
        ({"kind": "last_days", "days": 0}, "range", "window.days"),
        ({"kind": "last_days", "days": -7}, "range", "window.days"),
        ({"kind": "last_days", "days": 401}, "range", "window.days"),
        ({"kind": "last_days", "days": 7, "lag_days": -1}, "range", "window.lag_days"),
        ({"kind": "last_days", "days": 7, "lag_days": "2"}, "type", "window.lag_days"),
        ({"kind": "last_days", "days": 7, "end": "x"}, "unknown_field", "window.end"),
        ({"kind": "previous_month", 5: 1}, "unknown_field", "window.5"),
        ({"kind": "previous_week", "week_starts": "m"}, "range", "window.week_starts"),
        ({"kind": "previous_week", "week_starts": 1}, "range", "window.week_starts"),
        ({"kind": "fixed", "start": "2026-11-01"}, "type", "window.end"),
        ({"kind": "fixed", "end": "2026-11-01"}, "type", "window.start"),
        (
            {"kind": "fixed", "start": "2026-02-30", "end": "2026-03-01"},
            "type",
            "window.start",
        ),
        (
            {"kind": "fixed", "start": "20261101", "end": "2026-11-08"},
            "type",
            "window.start",
        ),
        (
            {"kind": "fixed", "start": "2026-W48-1", "end": "2026-12-08"},
            "type",
            "window.start",
        ),
        (
            {"kind": "fixed", "start": MONDAY, "end": "2026-12-08"},
            "type",
            "window.start",
        ),
        (
            {"kind": "fixed", "start": "2026-11-08", "end": "2026-11-08"},
            "window_empty",
            "window.end",
        ),
        (
            {"kind": "fixed", "start": "2026-11-08", "end": "2026-11-01"},
            "window_empty",
            "window.end",
        ),
    ],
)
def test_a_bad_rule_is_refused_with_its_field(rule: Any, code: str, field: str) -> None:
    with pytest.raises(InvalidWindow) as checked:
        check_rule(rule)
    with pytest.raises(InvalidWindow) as resolved:
        resolve(rule, MONDAY, BERLIN)

    for error in (checked.value, resolved.value):
        assert (error.code, error.field) == (code, field)
        assert str(error) == error.message != ""


@pytest.mark.parametrize("timezone", ["Mars/Phobos", "europe/berlin", None, 5])
def test_an_unknown_zone_is_refused(timezone: Any) -> None:
    with pytest.raises(InvalidWindow) as caught:
        resolve({"kind": "previous_week"}, MONDAY, timezone)

    assert caught.value.field == "timezone"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        resolve({"kind": "previous_week"}, MONDAY.replace(tzinfo=None), BERLIN)


moments = st.integers(0, 25 * 366 * 24).map(
    lambda hours: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
)
zones = st.sampled_from(["UTC", BERLIN, "Pacific/Apia", "America/Los_Angeles"])


@given(moment=moments, timezone=zones, lag_days=st.integers(0, 30))
def test_weeks_and_months_are_whole_and_the_newest_complete_ones(
    moment: datetime, timezone: str, lag_days: int
) -> None:
    whole = {"lag_days": lag_days}
    week = resolve({"kind": "previous_week", **whole}, moment, timezone)
    month = resolve({"kind": "previous_month", **whole}, moment, timezone)
    (last,) = {resolve({"kind": "last_days", "days": 1, **whole}, moment, timezone).end}

    assert (week.start.weekday(), week.days) == (0, 7)
    assert week.end <= last < week.end + timedelta(days=7)
    assert month.start.day == month.end.day == 1
    assert 28 <= month.days <= 31
    assert month.end <= last < month.end + timedelta(days=31)


@given(moment=moments, timezone=zones, lag_days=st.integers(0, 300))
def test_month_to_date_is_never_empty_and_stays_in_one_month(
    moment: datetime, timezone: str, lag_days: int
) -> None:
    rule = {"kind": "month_to_date", "lag_days": lag_days}

    window = resolve(rule, moment, timezone)

    last_day = window.end - timedelta(days=1)
    assert window.start.day == 1
    assert (window.start.year, window.start.month) == (last_day.year, last_day.month)
