"""Moments of people and scripts: on the calendar, and with an offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.date_times import moment_of

NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30T09:00:00Z", NINE),
        ("2026-11-30T09:00Z", NINE),
        ("2026-11-30 10:00:00+01:00", NINE),
        ("2026-11-29T23:30:00-09:30", NINE),
        ("2026-11-30T09:00:00.250000Z", NINE + timedelta(milliseconds=250)),
        ("2100-12-31T23:59:59Z", datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_into_utc(text: str, moment: datetime):
    read = moment_of(text)

    assert (read, read.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2026-11-30T09:00:00", "needs its offset"),
        ("2026-11-30 09:00", "needs its offset"),
        ("2026-02-30T09:00:00Z", "no calendar"),
        ("2026-11-30T24:30:00Z", "no calendar"),
        ("2026-11-30T09:00:60Z", "no calendar"),
        ("2026-11-30T09:00:00+99:00", "no calendar"),
        ("9999-12-31T23:59:59-23:59", "no calendar"),
        ("9999-01-01T00:00:00Z", "2000 to 2100"),
        ("1999-12-31T23:59:59Z", "2000 to 2100"),
        ("2026-11-30T09:00:00 01:00", "write + as %2B"),
        ("2026-11-30", "Write the moment as"),
        ("30.11.2026 09:00", "Write the moment as"),
        ("٢٠٢٦-11-30T09:00:00Z", "Write the moment as"),
        ("2026-11-30T09:00:00Z\n", "Write the moment as"),
        ("now", "Write the moment as"),
        ("", "Write the moment as"),
        (1764493200, "Write the moment as"),
        (None, "Write the moment as"),
        (True, "Write the moment as"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(given: object, said: str):
    with pytest.raises(ValueError, match=said.replace("+", r"\+")):
        moment_of(given)


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@given(
    st.datetimes(datetime(2000, 1, 3), datetime(2100, 12, 28), timezones=offsets)  # noqa: DTZ001 - hypothesis wants naive limits
)
def test_what_python_writes_is_read_back(moment: datetime):
    assert moment_of(moment.isoformat()) == moment
