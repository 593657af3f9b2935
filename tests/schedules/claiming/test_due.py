"""What of a rule is due after any time away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.claiming.due import KEPT, due_slots
from schedules.errors import InvalidRecurrence
from schedules.recurrence import fire_times, slots_between

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def due(cron: str, first: datetime, now: datetime, zone: str = "UTC"):
    return due_slots(cron, zone, first, now=now, on_time=MINUTE)


def test_a_slot_claimed_at_once_is_on_time():
    found = due("0 * * * *", NOON, NOON + 3 * SECOND)

    assert (found.late, found.on_time) == ((), (NOON,))
    assert found.next_slot == NOON + timedelta(hours=1)


@pytest.mark.parametrize(("seconds", "is_on_time"), [(60, True), (61, False)])
def test_a_slot_is_on_time_for_a_minute(seconds, is_on_time):
    found = due("0 * * * *", NOON, NOON + seconds * SECOND)

    assert found.on_time == ((NOON,) if is_on_time else ())
    assert found.late == (() if is_on_time else (NOON,))


def test_slots_of_an_outage_are_late_but_for_the_last_minute():
    found = due("* * * * *", NOON - 3 * MINUTE, NOON + 5 * SECOND)

    assert found.late == (NOON - 3 * MINUTE, NOON - 2 * MINUTE, NOON - MINUTE)
    assert found.on_time == (NOON,)
    assert found.next_slot == NOON + MINUTE


@pytest.mark.parametrize(
    ("missed", "covered", "kept"), [(99, None, 99), (100, None, 100), (101, 1, 100)]
)
def test_the_hundred_newest_missed_slots_are_kept(missed, covered, kept):
    first = NOON - missed * MINUTE

    found = due("* * * * *", first, NOON + 5 * SECOND)

    assert found.late == tuple(NOON - n * MINUTE for n in range(kept, 0, -1))
    assert found.on_time == (NOON,)
    assert found.covered == (first if covered else None)


def test_one_slot_stands_for_all_that_a_year_away_left_behind():
    first = NOON - timedelta(days=365)

    found = due("* * * * *", first, NOON + 5 * SECOND)

    assert found.covers_from == first
    assert found.covered == NOON - 101 * MINUTE
    assert len(found) == 102


def test_the_announced_slot_counts_though_the_rule_has_another_today():
    announced = NOON - timedelta(minutes=17)

    found = due("0 * * * *", announced, NOON + SECOND)

    assert (found.late, found.on_time) == ((announced,), (NOON,))


def test_an_unreadable_rule_is_refused():
    with pytest.raises(InvalidRecurrence):
        due("0 * * * *", NOON, NOON, zone="Mars/Olympus")


@given(
    st.sampled_from(
        ["* * * * *", "*/7 * * * *", "30 1 * * *", "0 9 * * 1-5", "5 */3 1 * 1"]
    ),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 400_000),
    st.integers(0, 10_000),
)
def test_every_due_slot_is_kept_or_stood_for(cron, zone, start, minutes_away):
    began = datetime(2026, 3, 1, tzinfo=UTC) + start * MINUTE
    (first,) = fire_times(cron, zone, began, 1)
    now = first + minutes_away * MINUTE + 7 * SECOND

    found = due(cron, first, now, zone)

    everything = [first, *slots_between(cron, zone, first, now)]
    late = [slot for slot in everything if now - slot > MINUTE]
    assert list(found.late) == late[-KEPT:]
    assert list(found.on_time) == everything[len(late) :]
    assert found.covered == (late[-KEPT - 1] if len(late) > KEPT else None)
    assert found.covers_from == (first if len(late) > KEPT else None)
    assert [found.next_slot] == fire_times(cron, zone, now, 1)
