"""What people are told about rules that may surprise them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.errors import InvalidRecurrence
from schedules.recurrence.warnings import recurrence_warnings
from tests.schedules.recurrence.expressions import Expression, fitting_expressions

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def warnings_of(cron: str, timezone: str = "UTC") -> dict[str, str]:
    found = recurrence_warnings(cron, timezone, MONDAY_NOON)
    return {warning.code: warning.message for warning in found}


@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "0 * * * *", "0 9 * * *", "0 9 * * 1-5", "0 9 1 * *"]
)
def test_an_ordinary_rule_has_none(cron: str) -> None:
    assert warnings_of(cron) == {}


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "as close as 1 minute to"),
        ("*/5 * * * *", "5 minutes"),
        ("0,14 9 1 1 *", "14 minutes"),
        ("55 23,0 * * *", None),
        # 23:55 and 00:00 of the next day.
        ("0,55 0,23 * * *", "5 minutes"),
        ("*/20 * * * *", None),
        ("5 0 * * 1", None),
        ("50 0,23 * * *", None),
        ("0,50 0,23 * * 1,2", "10 minutes"),
        ("0,50 0,23 * * 1,3", None),
        ("0,50 0,23 31,1 * *", "10 minutes"),
    ],
)
def test_frequent_is_closer_than_a_quarter_of_an_hour(
    cron: str, words: str | None
) -> None:
    found = warnings_of(cron).get("frequent")

    if words is None:
        assert found is None
    else:
        assert found is not None
        assert words in found


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("*/40 * * * *", "Every hour begins again at minute 0"),
        ("0 */5 * * *", "not always 5 hours"),
        ("0 0 */2 * *", "Every month begins again on day 1"),
        ("0 0 1 */5 *", "not always 5 months"),
        ("0 0 * * */2", "Every week begins again on Sunday"),
        ("*/20 */6 * */3 *", None),
        ("*/1 * */1 * *", None),
    ],
)
def test_uneven_is_a_step_that_does_not_divide_its_field(
    cron: str, words: str | None
) -> None:
    found = warnings_of(cron).get("uneven")

    assert (words in found) if words and found else found is words


def test_day_or_weekday_says_that_either_is_enough() -> None:
    found = warnings_of("0 9 1 * 1")["day_or_weekday"]

    assert "on day 1 of the month and also on Monday" in found
    assert "day_or_weekday" not in warnings_of("0 9 * * 1")


def test_day_or_weekday_says_when_together_they_are_every_day() -> None:
    assert "every day" in warnings_of("0 9 1 * 0-6")["day_or_weekday"]


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 31 * *", "February, April, June, September and November have no day 31"),
        ("0 0 30 * *", "February has no day 30"),
        ("0 0 29 * *", "February has a day 29 in leap years only"),
        ("0 0 31 1,3 *", None),
        ("0 0 28,31 * *", None),
        ("0 0 31 * 1", None),
    ],
)
def test_skips_months_names_the_months_without_that_day(
    cron: str, words: str | None
) -> None:
    found = warnings_of(cron).get("skips_months")

    assert (words in found) if words and found else found is words


def test_few_fires_names_the_next_two_dates() -> None:
    leap = warnings_of("0 0 29 2 *", "Europe/Berlin")
    yearly = warnings_of("0 0 1 1 *", "Pacific/Auckland")

    assert list(leap) == ["few_fires"]
    assert "next on Tue 29 Feb 2028 and then on Sun 29 Feb 2032" in leap["few_fires"]
    assert "next on Fri 1 Jan 2027" in yearly["few_fires"]


@pytest.mark.parametrize(
    ("cron", "timezone", "words"),
    [
        ("30 2 * * *", "America/New_York", ["14 Mar 2027", "02:30", "03:00 EDT"]),
        ("0,30 2 * * *", "America/New_York", ["02:00 and 02:30", "one run comes at"]),
        ("30 2,3 * * *", "America/New_York", ["the run comes at 03:00 EDT instead."]),
        ("0 2,3 * * *", "America/New_York", ["one run", "the run that is due then"]),
        ("*/5 2 * * *", "Europe/Berlin", ["12 times from 02:00 to 02:55", "no run"]),
        ("0 */2 * * *", "Europe/Berlin", ["28 Mar 2027", "no run for it"]),
        ("15 2 * * *", "Australia/Lord_Howe", ["3 Oct 2027", "02:30 +11"]),
        ("0 0 * * *", "Africa/Cairo", ["30 Apr 2027", "01:00 EEST"]),
    ],
)
def test_dst_gap_says_on_which_date_which_run_moves_where(
    cron: str, timezone: str, words: list[str]
) -> None:
    found = warnings_of(cron, timezone)["dst_gap"]

    assert all(word in found for word in words), found


@pytest.mark.parametrize(
    ("cron", "timezone", "words"),
    [
        (
            "30 1 * * *",
            "America/New_York",
            ["7 Nov 2027", "01:30 twice", "once", "EDT"],
        ),
        (
            "0,30 1 * * *",
            "America/New_York",
            ["01:00 and 01:30 twice", "each runs once"],
        ),
        ("0 * * * *", "Europe/Berlin", ["31 Oct 2027", "02:00 to 02:59", "both times"]),
        ("45 1 * * *", "Australia/Lord_Howe", ["4 Apr 2027", "01:45 twice"]),
    ],
)
def test_dst_repeat_says_which_runs_come_twice_and_which_do_not(
    cron: str, timezone: str, words: list[str]
) -> None:
    found = warnings_of(cron, timezone)["dst_repeat"]

    assert all(word in found for word in words), found


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("30 2 * * 1", "America/New_York"),
        ("0 9 * * *", "America/New_York"),
        ("0 * * * 1", "Europe/Berlin"),
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Tokyo"),
    ],
)
def test_a_rule_that_no_clock_change_touches_has_no_notice(
    cron: str, timezone: str
) -> None:
    assert not {"dst_gap", "dst_repeat"} & set(warnings_of(cron, timezone))


def test_an_hourly_rule_loses_nothing_in_spring() -> None:
    assert "dst_gap" not in warnings_of("*/15 * * * *", "America/New_York")


def test_a_day_that_is_skipped_is_named_with_the_next() -> None:
    found = recurrence_warnings(
        "30 9 * * *", "Pacific/Apia", datetime(2011, 11, 1, tzinfo=UTC)
    )

    assert [warning.code for warning in found] == ["dst_gap"]
    assert "On Fri 30 Dec 2011" in found[0].message
    assert "to Sat 31 Dec 2011, 00:00" in found[0].message


def test_what_validate_refuses_is_refused() -> None:
    with pytest.raises(InvalidRecurrence):
        recurrence_warnings("60 * * * *", "UTC", MONDAY_NOON)
    with pytest.raises(InvalidRecurrence):
        recurrence_warnings("0 9 * * *", "Mars/Phobos", MONDAY_NOON)


@settings(deadline=None)
@given(
    expression=fitting_expressions,
    timezone=st.sampled_from(["America/New_York", "Pacific/Chatham", "Africa/Cairo"]),
)
def test_every_rule_can_be_looked_at(expression: Expression, timezone: str) -> None:
    found = recurrence_warnings(expression.text, timezone, MONDAY_NOON)

    assert all(warning.message.endswith(".") for warning in found)
    assert all(warning.message.isprintable() for warning in found)
