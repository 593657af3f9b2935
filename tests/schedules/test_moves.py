"""One table of legal moves; the database keeps the same one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from schedules.models import Run, Target
from schedules.moves import LEGAL, IllegalMove, Move, move, standing
from schedules.states import FINAL_STATES, WAIT_REASONS, RunState
from tests.makers import NOON, make_execution, make_run

PLACES = [
    ("PENDING", ""),
    *(("WAITING", reason) for reason in WAIT_REASONS),
    ("RUNNING", ""),
]
ENDS = [(state, "any") for state in FINAL_STATES]
ASKED = ["WAITING throttled", "WAITING retry", "RUNNING"]
# Where the trigger is more patient than the table: no move of ours goes there.
UNGUARDED = {
    *((f"WAITING {reason}", "PENDING") for reason in WAIT_REASONS),
    *((f"WAITING {reason}", f"WAITING {reason}") for reason in WAIT_REASONS),
    ("WAITING capacity", "FAILED"),
    ("WAITING credential", "FAILED"),
    ("PENDING", "PENDING"),
    ("RUNNING", "RUNNING"),
}


def is_for_the_trigger(origin: str, goal: str) -> bool:
    """Whether no constraint on executions forbids the pair already."""
    if goal == "SKIPPED":
        return origin not in ASKED
    return goal not in ("RUNNING", "SUCCEEDED") or origin in ASKED


PAIRS = [
    (origin, goal)
    for origin in PLACES
    for goal in PLACES + ENDS
    if is_for_the_trigger(standing(*origin), standing(*goal))
]


def run_at(target: Target, state: str, reason: str) -> Run:
    """A run that got to a state by legal moves alone."""
    run = make_run(target)
    if (state, reason) == ("PENDING", ""):
        return run
    if standing(state, reason) in ASKED:
        make_execution(
            run, state="FAILED", ended_at=NOON, uses_attempt=False, next_poll_at=None
        )
    if state == "WAITING":
        Run.objects.filter(pk=run.pk).update(
            state=state, reason=reason, next_action_at=NOON
        )
    run.refresh_from_db()
    return run


def columns(state: str, reason: str) -> dict[str, object]:
    """What the constraints want beside a state."""
    return {
        "state": state,
        "reason": reason if state not in ("PENDING", "RUNNING", "SUCCEEDED") else "",
        "next_action_at": NOON if state in ("PENDING", "WAITING") else None,
        "finished_at": NOON if state in FINAL_STATES else None,
    }


@pytest.mark.parametrize(("origin", "goal"), PAIRS)
def test_the_database_allows_what_the_table_has(target: Target, origin, goal):
    run = run_at(target, *origin)
    pair = (standing(*origin), standing(*goal))

    try:
        with transaction.atomic():
            Run.objects.filter(pk=run.pk).update(**columns(*goal))
        is_allowed = True
    except IntegrityError:
        is_allowed = False

    is_legal = pair[1] in LEGAL[pair[0]]
    assert is_allowed == (is_legal or pair in UNGUARDED)


def test_a_move_writes_the_state_with_all_that_goes_with_it(target: Target):
    run = make_run(target)

    moved = move(
        run,
        Move(
            state=RunState.WAITING,
            reason="overlap",
            next_action_at=NOON + timedelta(seconds=30),
            give_up_at=NOON + timedelta(hours=1),
            blocked_by_id=99,
        ),
        now=NOON,
    )

    run.refresh_from_db()
    assert moved
    assert (run.state, run.reason, run.blocked_by_id) == ("WAITING", "overlap", 99)
    assert run.next_action_at == NOON + timedelta(seconds=30)
    assert run.finished_at is None


@pytest.mark.parametrize("state", ["SKIPPED", "CANCELLED", "FAILED"])
def test_a_move_to_an_end_finishes_the_run(target: Target, state):
    run = make_run(target)

    move(run, Move(state=RunState(state), reason="because"), now=NOON)

    run.refresh_from_db()
    assert (run.state, run.finished_at, run.next_action_at) == (state, NOON, None)


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"state": "WAITING", "reason": "overlap"},
        {
            "state": "CANCELLED",
            "reason": "cancelled",
            "next_action_at": None,
            "finished_at": NOON,
            "cancel_requested_at": NOON,
        },
    ],
)
def test_a_run_that_somebody_else_moved_is_left_alone(target: Target, meanwhile):
    run = make_run(target)
    Run.objects.filter(pk=run.pk).update(**meanwhile)

    moved = move(run, Move(state=RunState.FAILED, reason="late"), now=NOON)

    assert not moved
    assert Run.objects.get(pk=run.pk).reason == meanwhile["reason"]


def test_a_run_that_waits_for_something_else_by_now_is_left_alone(target: Target):
    run = run_at(target, "WAITING", "overlap")
    Run.objects.filter(pk=run.pk).update(reason="credential")

    assert not move(run, Move(state=RunState.SKIPPED, reason="late"), now=NOON)


def test_a_run_whose_end_is_asked_for_is_left_alone(target: Target):
    run = run_at(target, "RUNNING", "")
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=NOON)

    assert not move(run, Move(state=RunState.FAILED, reason="late"), now=NOON)


def test_a_run_that_has_another_attempt_by_now_is_left_alone(target: Target):
    run = run_at(target, "RUNNING", "")
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason="retry", next_action_at=NOON
    )
    make_execution(Run.objects.get(pk=run.pk))

    assert not move(run, Move(state=RunState.FAILED, reason="late"), now=NOON)


def test_a_move_that_the_table_does_not_have_is_a_mistake(target: Target):
    run = make_run(target)

    with pytest.raises(IllegalMove, match="from PENDING to RUNNING"):
        move(run, Move(state=RunState.RUNNING), now=NOON)
