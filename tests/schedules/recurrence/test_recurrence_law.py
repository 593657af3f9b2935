"""Fire times against an independent walk over every minute of some days.

The walk knows nothing of croniter, of our parser, or of our mapping: it looks at the
clock of each minute in turn, as a cron daemon does, and remembers how far that clock
has come, so that a fixed time is run when the clock first reaches or passes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.recurrence import fire_times, slots_between, zone
from tests.schedules.recurrence.expressions import (
    Expression,
    daily_expressions,
    fitting_expressions,
    night_expressions,
)

MINUTE = timedelta(minutes=1)
# Zones with a change close by; changes of 30 min, 1 h, 2 h and a whole day.
CHANGES = [
    ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2027, 4, 29, 22, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),
    ("America/Caracas", datetime(2016, 5, 1, 7, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 5, 1, tzinfo=UTC)),
    ("Asia/Pyongyang", datetime(2018, 5, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 4, 3, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2027, 4, 3, 14, tzinfo=UTC)),
    ("UTC", datetime(2028, 2, 29, tzinfo=UTC)),
]
places = st.sampled_from(CHANGES)
distances = st.integers(-26 * 60, 26 * 60).map(lambda minutes: minutes * MINUTE)


def walked(
    expression: Expression, timezone: str, after: datetime, until: datetime
) -> list[datetime]:
    """Runs in (after, until], found minute by minute from two days before."""
    clock = zone(timezone)
    instant = after.replace(second=0, microsecond=0) - timedelta(days=2)
    furthest = instant.astimezone(clock).replace(tzinfo=None)
    found = []
    while instant < until:
        instant += MINUTE
        shown = instant.astimezone(clock).replace(tzinfo=None)
        if expression.interval:
            fires = matches(expression, shown)
        else:
            passed = list(minutes_between(furthest, shown))
            fires = any(matches(expression, minute) for minute in passed)
        furthest = max(furthest, shown)
        if fires and after < instant <= until:
            found.append(instant)
    return found


def minutes_between(after: datetime, until: datetime) -> Iterator[datetime]:
    while after < until:
        after += MINUTE
        yield after


def matches(expression: Expression, wall: datetime) -> bool:
    minutes, hours = expression.numbers[:2]
    return (
        wall.minute in minutes
        and wall.hour in hours
        and expression.matches_day(wall.day, wall.month, wall.isoweekday() % 7)
    )


@settings(max_examples=150, deadline=None)
@given(
    expression=night_expressions() | daily_expressions | fitting_expressions,
    place=places,
    distance=distances,
)
def test_the_slots_of_some_days_are_those_of_a_walk(
    expression: Expression, place: tuple[str, datetime], distance: timedelta
) -> None:
    timezone, change = place
    after = change + distance
    until = after + timedelta(days=3)

    slots = list(slots_between(expression.text, timezone, after, until))

    assert slots == walked(expression, timezone, after, until)


@settings(max_examples=100, deadline=None)
@given(expression=fitting_expressions, place=places, distance=distances)
def test_fires_are_in_order_and_later_than_asked_for(
    expression: Expression, place: tuple[str, datetime], distance: timedelta
) -> None:
    timezone, change = place
    after = change + distance + timedelta(seconds=30)

    fires = fire_times(expression.text, timezone, after, 12)

    assert all(a < b for a, b in zip([after, *fires], fires, strict=False))
    assert len(fires) == 12
