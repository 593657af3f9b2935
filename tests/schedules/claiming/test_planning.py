"""What becomes of due slots, by every policy; and what holds whatever the policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.claiming.planning import (
    DueSlots,
    ManualRun,
    PlannedRun,
    Policy,
    TargetFacts,
    catch_up_window,
    plan,
    skip_all,
    wanted_slots,
)

MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC)


# Hourly. At 12:00:05 the noon slot is on time; at 11:20 nothing is.
BACK_AT_NOON = DueSlots(late=(at(10), at(11)), on_time=(at(12),), next_slot=at(13))
BACK_AT_1120 = DueSlots(late=(at(10), at(11)), next_slot=at(12))
MOMENTS = {id(BACK_AT_NOON): at(12, 0, 5), id(BACK_AT_1120): at(11, 20)}

IDLE = TargetFacts()
BUSY = TargetFacts(busy_with=7)
BY_HAND_1157 = ManualRun(id=5, created_at=at(11, 57))
BY_HAND_1057 = ManualRun(id=6, created_at=at(10, 57))
RAN_BEFORE_12 = replace(IDLE, manual_runs=(BY_HAND_1157,))
RAN_BEFORE_11 = replace(IDLE, manual_runs=(BY_HAND_1057,))
BUSY_AND_RAN_BEFORE_12 = replace(BUSY, manual_runs=(BY_HAND_1157,))
BUSY_AND_RAN_BEFORE_11 = replace(BUSY, manual_runs=(BY_HAND_1057,))

CODES = {
    ("PENDING", ""): "P",
    ("WAITING", "overlap"): "W",
    ("SKIPPED", "overlap"): "O",
    ("SKIPPED", "missed"): "M",
    ("SKIPPED", "duplicate"): "D",
    ("SKIPPED", "target_paused"): "X",
    ("SKIPPED", "schedule_paused"): "S",
}


def told(rows: tuple[PlannedRun, ...]) -> str:
    """The rows in order: P pending, W waits, O overlap, M missed, D duplicate, paused
    X (target) S (schedule); then run `<7` or the slot of `<10` o'clock before it."""
    return " ".join(_code(row) for row in rows)


def _code(row: PlannedRun) -> str:
    before = row.blocked_by or (row.behind.hour if row.behind else None)
    return CODES[row.state, row.reason] + (f"<{before}" if before else "")


# One line per missed policy; then what it says under skip, wait and allow.
TABLE = [
    (BACK_AT_NOON, IDLE, "latest", "M M P", "M M P", "M M P"),
    (BACK_AT_NOON, IDLE, "none", "M M P", "M M P", "M M P"),
    (BACK_AT_NOON, IDLE, "all", "P W<10 W<11", "P W<10 W<11", "P W<10 W<11"),
    (BACK_AT_NOON, BUSY, "latest", "M M O<7", "M M W<7", "M M P"),
    (BACK_AT_NOON, BUSY, "none", "M M O<7", "M M W<7", "M M P"),
    (BACK_AT_NOON, BUSY, "all", "W<7 W<10 W<11", "W<7 W<10 W<11", "W<7 W<10 W<11"),
    (BACK_AT_NOON, RAN_BEFORE_12, "latest", "M M D<5", "M M D<5", "M M D<5"),
    (BACK_AT_NOON, RAN_BEFORE_12, "none", "M M D<5", "M M D<5", "M M D<5"),
    (BACK_AT_NOON, RAN_BEFORE_12, "all", "P W<10 D<5", "P W<10 D<5", "P W<10 D<5"),
    (BACK_AT_NOON, RAN_BEFORE_11, "latest", "M M P", "M M P", "M M P"),
    (BACK_AT_NOON, RAN_BEFORE_11, "none", "M M P", "M M P", "M M P"),
    (BACK_AT_NOON, RAN_BEFORE_11, "all", "P D<6 W<10", "P D<6 W<10", "P D<6 W<10"),
    (
        BACK_AT_NOON,
        BUSY_AND_RAN_BEFORE_12,
        "latest",
        *("M M D<5", "M M D<5", "M M D<5"),
    ),
    (BACK_AT_NOON, BUSY_AND_RAN_BEFORE_12, "none", "M M D<5", "M M D<5", "M M D<5"),
    (
        BACK_AT_NOON,
        BUSY_AND_RAN_BEFORE_12,
        "all",
        *("W<7 W<10 D<5", "W<7 W<10 D<5", "W<7 W<10 D<5"),
    ),
    (BACK_AT_1120, IDLE, "latest", "M P", "M P", "M P"),
    (BACK_AT_1120, IDLE, "none", "M M", "M M", "M M"),
    (BACK_AT_1120, IDLE, "all", "P W<10", "P W<10", "P W<10"),
    (BACK_AT_1120, BUSY, "latest", "M O<7", "M W<7", "M P"),
    (BACK_AT_1120, BUSY, "none", "M M", "M M", "M M"),
    (BACK_AT_1120, BUSY, "all", "W<7 W<10", "W<7 W<10", "W<7 W<10"),
    (BACK_AT_1120, RAN_BEFORE_11, "latest", "M D<6", "M D<6", "M D<6"),
    (BACK_AT_1120, RAN_BEFORE_11, "none", "M M", "M M", "M M"),
    (BACK_AT_1120, RAN_BEFORE_11, "all", "P D<6", "P D<6", "P D<6"),
    (BACK_AT_1120, BUSY_AND_RAN_BEFORE_11, "latest", "M D<6", "M D<6", "M D<6"),
    (BACK_AT_1120, BUSY_AND_RAN_BEFORE_11, "none", "M M", "M M", "M M"),
    (BACK_AT_1120, BUSY_AND_RAN_BEFORE_11, "all", "W<7 D<6", "W<7 D<6", "W<7 D<6"),
]


@pytest.mark.parametrize(("due", "target", "missed", "skip", "wait", "allow"), TABLE)
def test_a_slot_becomes_what_the_policies_say(due, target, missed, skip, wait, allow):
    now = MOMENTS[id(due)]

    plans = [
        told(plan(due, Policy(missed=missed, overlap=overlap), target, now=now))
        for overlap in ("skip", "wait", "allow")
    ]

    assert plans == [skip, wait, allow]


def test_the_newest_late_slot_makes_way_for_one_on_time_however_fresh_it_is():
    every_minute = DueSlots(late=(at(11, 58),), on_time=(at(12),), next_slot=at(12, 1))
    policy = Policy(missed="latest", overlap="allow")

    assert told(plan(every_minute, policy, IDLE, now=at(12, 0, 5))) == "M P"


@pytest.mark.parametrize("missed", ["latest", "all", "none"])
@pytest.mark.parametrize("overlap", ["skip", "wait", "allow"])
def test_nothing_runs_on_a_paused_target(missed, overlap):
    policy = Policy(missed=missed, overlap=overlap)
    paused = replace(BUSY_AND_RAN_BEFORE_12, is_paused=True)

    assert told(plan(BACK_AT_NOON, policy, paused, now=at(12, 0, 5))) == "X X X"


def test_what_is_due_when_a_schedule_is_paused_is_skipped_for_that():
    assert told(skip_all(BACK_AT_NOON, "schedule_paused")) == "S S S"


@pytest.mark.parametrize(
    ("created_at", "window_minutes", "expected"),
    [
        (at(11, 55), 5, "D<1"),  # the edges count
        (at(12), 5, "D<1"),
        (at(11, 54, 59), 5, "P"),
        (at(12, 0, 1), 5, "P"),  # by hand after the slot's time
        (at(11, 59), 0, "P"),  # the guard is off
        (at(11), 60, "D<1"),
    ],
)
def test_a_run_by_hand_makes_the_slots_shortly_after_it_duplicates(
    created_at, window_minutes, expected
):
    due = DueSlots(on_time=(at(12),), next_slot=at(13))
    policy = Policy(dedup_window=timedelta(minutes=window_minutes))
    target = TargetFacts(manual_runs=(ManualRun(id=1, created_at=created_at),))

    assert told(plan(due, policy, target, now=at(12, 0, 5))) == expected


@pytest.mark.parametrize(
    ("slot", "following", "window"),
    [
        (at(12), at(12, 1), timedelta(minutes=10)),
        (at(12), at(12, 20), timedelta(minutes=10)),
        (at(12), at(13), timedelta(minutes=30)),
        (at(12), at(12) + timedelta(days=1), timedelta(hours=12)),
        (at(12), at(12) + timedelta(days=7), timedelta(hours=24)),
    ],
)
def test_a_late_slot_may_run_for_half_the_gap_to_the_next(slot, following, window):
    assert catch_up_window(slot, following) == window


@pytest.mark.parametrize(("minute", "expected"), [(30, "M P"), (31, "M M")])
def test_the_newest_late_slot_runs_only_within_its_window(minute, expected):
    rows = plan(BACK_AT_1120, Policy(), IDLE, now=at(11, minute))

    assert told(rows) == expected


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, "M M P"), (1, "M P W<11"), (2, "P W<10 W<11")]
)
def test_catching_up_runs_the_newest_up_to_the_limit_oldest_first(limit, expected):
    policy = Policy(missed="all", catch_up_limit=limit)

    assert told(plan(BACK_AT_NOON, policy, IDLE, now=at(12, 0, 5))) == expected


def test_caught_up_runs_wait_a_day_for_their_turn_whatever_the_overlap_policy():
    policy = Policy(missed="all", overlap="allow")

    rows = plan(BACK_AT_NOON, policy, IDLE, now=at(12, 0, 5))

    tomorrow = at(12, 0, 5) + timedelta(hours=24)
    assert [row.give_up_at for row in rows] == [None, tomorrow, tomorrow]
    assert all(row.in_turn for row in rows)


def test_a_slot_that_waits_gives_up_at_the_next_one():
    due = DueSlots(on_time=(at(12),), next_slot=at(13))

    (row,) = plan(due, Policy(overlap="wait"), BUSY, now=at(12, 0, 5))

    assert (row.state, row.give_up_at, row.blocked_by) == ("WAITING", at(13), 7)


@pytest.mark.parametrize(
    ("overlap", "target", "expected"),
    [
        ("skip", IDLE, "P O<12"),
        ("wait", IDLE, "P W<12"),
        ("allow", IDLE, "P P"),
        ("skip", BUSY, "O<7 O<7"),
        ("wait", BUSY, "O<7 W<7"),  # the second slot has come already
    ],
)
def test_slots_that_are_on_time_together_meet_each_other(overlap, target, expected):
    due = DueSlots(on_time=(at(12), at(12, 1)), next_slot=at(12, 2))

    rows = plan(due, Policy(overlap=overlap), target, now=at(12, 1))

    assert told(rows) == expected


def test_one_row_stands_for_what_a_long_outage_left_behind():
    due = replace(BACK_AT_NOON, covered=at(9), covers_from=at(3))

    rows = plan(due, Policy(missed="all"), IDLE, now=at(12, 0, 5))

    assert told(rows) == "M P W<10 W<11"
    assert [row.covers_from for row in rows] == [at(3), None, None, None]


@st.composite
def due_slots(draw: st.DrawFn) -> tuple[DueSlots, datetime]:
    """Any due slots of a rule, minutes to days apart, and the moment of the claim."""
    gap = timedelta(minutes=draw(st.integers(1, 3_000)))
    late, on_time = draw(st.integers(0, 12)), draw(st.integers(0, 2))
    is_covering = late > 0 and draw(st.booleans())
    slots = [at(0) + gap * n for n in range(1, late + on_time + 1)]
    due = DueSlots(
        covered=at(0) if is_covering else None,
        covers_from=at(0) - gap * 9 if is_covering else None,
        late=tuple(slots[:late]),
        on_time=tuple(slots[late:]),
        next_slot=at(0) + gap * (late + on_time + 1),
    )
    since_last = draw(st.integers(0, int(gap.total_seconds()) - 1))
    return due, due.next_slot - gap + timedelta(seconds=since_last)


policies = st.builds(
    Policy,
    missed=st.sampled_from(["latest", "all", "none"]),
    overlap=st.sampled_from(["skip", "wait", "allow"]),
    catch_up_limit=st.integers(0, 15),
    dedup_window=st.integers(0, 600).map(lambda n: timedelta(minutes=n)),
)
targets = st.builds(
    TargetFacts,
    is_paused=st.booleans(),
    busy_with=st.none() | st.just(7),
    manual_runs=st.lists(
        st.builds(
            ManualRun,
            id=st.integers(100, 200),
            created_at=st.integers(0, 40_000).map(lambda n: at(0) + n * MINUTE),
        ),
        max_size=3,
    ).map(tuple),
)


@given(due_slots(), policies, targets)
def test_every_slot_gets_exactly_one_row_oldest_first(claimed, policy, target):
    due, now = claimed

    rows = plan(due, policy, target, now=now)

    covered = [due.covered] if due.covered else []
    assert [row.slot for row in rows] == [*covered, *due.late, *due.on_time]
    assert len(rows) == len(due)
    covering = [row.slot for row in rows if row.covers_from]
    assert covering == covered


@given(due_slots(), policies, targets)
def test_at_most_one_exclusive_run_of_a_target_is_let_go(claimed, policy, target):
    due, now = claimed

    rows = plan(due, policy, target, now=now)

    exclusive = [row for row in rows if row.in_turn or policy.overlap != "allow"]
    let_go = [row for row in exclusive if row.state == "PENDING"]
    assert len(let_go) <= (target.busy_with is None)


@given(due_slots(), policies, targets)
def test_what_waits_says_for_whom_and_how_long(claimed, policy, target):
    due, now = claimed

    rows = plan(due, policy, target, now=now)

    by_slot = {row.slot: row for row in rows}
    for row in rows:
        is_waiting = row.state == "WAITING"
        assert (row.give_up_at is not None) == is_waiting
        assert not is_waiting or row.give_up_at > now
        assert (row.reason == "overlap") <= (
            (row.blocked_by is None) != (row.behind is None)
        )
        if row.behind:
            assert row.behind < row.slot
            assert by_slot[row.behind].state in ("PENDING", "WAITING")


@given(due_slots(), policies, targets)
def test_late_slots_run_within_the_limits_of_the_missed_policy(claimed, policy, target):
    due, now = claimed

    rows = plan(due, policy, target, now=now)

    run = [row.slot for row in rows if row.state != "SKIPPED" and row.slot in due.late]
    most = {"none": 0, "latest": not due.on_time, "all": policy.catch_up_limit}
    assert len(run) <= most[policy.missed]
    assert set(run) <= set(wanted_slots(due, policy, now=now))
    assert not (target.is_paused and run)


@given(due_slots(), policies)
def test_a_slot_that_is_on_time_always_runs_on_an_idle_target(claimed, policy):
    due, now = claimed

    rows = plan(due, policy, IDLE, now=now)

    newest_on_time = due.on_time[:1]
    states = [row.state for row in rows if row.slot in newest_on_time]
    assert "SKIPPED" not in states
