"""The clock decides who runs and who waits; looking often or seldom changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.sandbox.capacity import Caps, advance, awaited_since
from instances.sandbox.executions import (
    BUSY,
    Execution,
    Outcome,
    Pace,
    Status,
    pace_of,
)
from tests.instances.sandbox.makers import (
    DONE,
    after,
    make_execution,
    make_rule,
)

CAPS = Caps()


def look(
    executions: Sequence[Execution],
    seconds: float,
    *,
    caps: Caps = CAPS,
    outcome: Outcome = DONE,
) -> None:
    """As the server looks: what it waits for is done, one by one, until all is."""
    while True:
        advance(executions, now=after(seconds), caps=caps)
        due = [(awaited_since(e), e) for e in executions]
        late = [e for since, e in due if since is not None and since <= after(seconds)]
        if not late:
            return
        late[-1].outcome = outcome


def history(execution: Execution) -> list[tuple[float, str]]:
    start = after(0)
    return [
        ((move.at - start).total_seconds(), str(move.status))
        for move in execution.history
    ]


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0, Status.PENDING),
        (0.9, Status.PENDING),
        (1, Status.RUNNING),
        (4.9, Status.RUNNING),
        (5, Status.PUBLISHING),
        (5.9, Status.PUBLISHING),
        (6, Status.SUCCEEDED),
        (9_999, Status.SUCCEEDED),
    ],
)
def test_an_execution_is_where_the_clock_says(seconds: float, status: Status) -> None:
    execution = make_execution(1)

    look([execution], seconds)

    assert execution.status is status


def test_a_late_look_finds_the_moves_at_their_own_times() -> None:
    execution = make_execution(1)

    look([execution], 3_600)

    assert history(execution) == [
        (0, "PENDING"),
        (1, "RUNNING"),
        (5, "PUBLISHING"),
        (6, "SUCCEEDED"),
    ]


@pytest.mark.parametrize("status", [Status.FAILED, Status.REJECTED])
def test_what_has_no_result_ends_without_publishing(status: Status) -> None:
    execution = make_execution(1)

    look([execution], 10, outcome=Outcome(status=status, reason="Because."))

    assert history(execution)[1:] == [(1, "RUNNING"), (5, str(status))]
    assert execution.reason == "Because."


def test_ten_run_in_an_instance_and_the_others_wait_their_turn() -> None:
    executions = [make_execution(number) for number in range(1, 13)]

    look(executions, 2)
    assert [e.status for e in executions].count(Status.RUNNING) == 10
    assert [e.status for e in executions[10:]] == [Status.PENDING, Status.PENDING]

    look(executions, 6)
    assert [e.status for e in executions[10:]] == [Status.RUNNING, Status.RUNNING]
    assert executions[10].started_at == after(6)


def test_other_instances_do_not_wait_for_a_full_one() -> None:
    full = [make_execution(number) for number in range(1, 15)]
    other = make_execution(20, instance=2)

    look([*full, other], 2)

    assert other.status is Status.RUNNING


def test_two_hundred_run_in_an_account() -> None:
    executions = [
        make_execution(number, instance=1 + number % 30) for number in range(300)
    ]

    look(executions, 2)

    assert [e.status for e in executions].count(Status.RUNNING) == 200
    assert all(e.status is Status.RUNNING for e in executions[:200])


def test_a_cancelled_one_frees_its_place() -> None:
    executions = [make_execution(number) for number in range(1, 12)]
    look(executions, 2)

    reached = advance(executions, now=after(2.5), caps=CAPS)
    executions[0].cancel(now=after(2.5))
    advance(executions, now=after(3), caps=CAPS, since=reached)

    assert executions[10].started_at == after(2.5)


def test_a_stuck_one_stays_until_the_fault_is_cleared() -> None:
    stuck = make_rule("stuck")
    execution = make_execution(1, fates=(stuck,))

    look([execution], 3_600)
    assert execution.status is Status.RUNNING

    stuck.cleared = True
    look([execution], 3_600)
    assert execution.status is Status.SUCCEEDED


def test_one_stuck_pending_does_not_hold_up_the_queue() -> None:
    stuck = make_execution(1, fates=(make_rule("stuck", status="PENDING"),))
    next_one = make_execution(2)

    look([stuck, next_one], 60)

    assert (stuck.status, next_one.status) == (Status.PENDING, Status.SUCCEEDED)


def test_what_exceeds_its_own_limit_fails_then() -> None:
    stuck = make_execution(1, timeout_seconds=900, fates=(make_rule("stuck"),))

    look([stuck], 3_600)

    assert history(stuck)[-1] == (901, "FAILED")
    assert stuck.reason == "Workflow execution exceeded its timeout of 900 seconds."


def test_it_cannot_have_ended_before_somebody_was_told_that_it_runs() -> None:
    execution = make_execution(1)
    advance([execution], now=after(10), caps=CAPS)
    execution.seen_running_at = after(10)

    execution.outcome = DONE
    look([execution], 11)

    assert history(execution)[-2:] == [(10, "PUBLISHING"), (11, "SUCCEEDED")]


@given(
    created=st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 3)), min_size=1, max_size=25
    ),
    looks=st.lists(st.integers(0, 120), max_size=10),
)
def test_the_histories_do_not_depend_on_when_somebody_looks(
    created: list[tuple[int, int]], looks: list[int]
) -> None:
    caps = Caps(per_instance=2, per_account=4)

    def histories(moments: list[int]) -> list[list[tuple[float, str]]]:
        executions = [
            make_execution(number, created_after=seconds, instance=instance)
            for number, (seconds, instance) in enumerate(created)
        ]
        for moment in moments:
            born = [e for e in executions if e.created_at <= after(moment)]
            look(born, moment, caps=caps)
        return [history(execution) for execution in executions]

    assert histories([*sorted(looks), 10_000]) == histories([10_000])


@given(
    created=st.lists(
        st.tuples(st.integers(0, 10), st.integers(1, 3)), min_size=1, max_size=30
    )
)
def test_no_moment_has_more_running_than_there_are_places(
    created: list[tuple[int, int]],
) -> None:
    caps = Caps(per_instance=2, per_account=4)
    executions = [
        make_execution(number, created_after=seconds, instance=instance)
        for number, (seconds, instance) in enumerate(created)
    ]

    look(executions, 10_000, caps=caps)

    for moment in {move.at for e in executions for move in e.history}:
        busy = [e for e in executions if is_busy(e, moment)]
        assert len(busy) <= caps.per_account
        for number in (1, 2, 3):
            there = [e for e in busy if e.instance.number == number]
            assert len(there) <= caps.per_instance


def is_busy(execution: Execution, moment: datetime) -> bool:
    moves = [move for move in execution.history if move.at <= moment]
    return bool(moves) and moves[-1].status in BUSY


def test_an_execution_takes_one_to_four_seconds_by_its_id() -> None:
    paces = [pace_of(str(number), speed=1) for number in range(200)]
    wholes = [p.waiting + p.running + p.publishing for p in paces]

    assert 1 <= min(wholes).total_seconds() < max(wholes).total_seconds() <= 4
    assert pace_of("7", speed=1) == paces[7]


def test_speed_stretches_it_and_zero_takes_no_time() -> None:
    one, three = pace_of("7", speed=1), pace_of("7", speed=3)

    assert three.running.total_seconds() == pytest.approx(
        3 * one.running.total_seconds(), abs=1e-5
    )
    nothing = timedelta()
    assert pace_of("7", speed=0) == Pace(
        waiting=nothing, running=nothing, publishing=nothing
    )


@pytest.mark.parametrize(
    ("seconds", "cancels"), [(0, True), (2, True), (5.5, False), (7, False)]
)
def test_only_what_waits_or_runs_can_be_cancelled(
    seconds: float, cancels: bool
) -> None:
    execution = make_execution(1)
    look([execution], seconds)

    assert execution.cancel(now=after(seconds)) is cancels
    assert (execution.status is Status.CANCELLED) is cancels
