from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from schedules.models import Target
from tests.makers import NOON, make_execution, make_run
from workflows.executions import moves
from workflows.executions.endings import Ending, failed
from workflows.models import WorkflowExecution
from workflows.states import OPEN_STATES
from workflows.states import ExecutionState as State

EVERY_MOVE = [(origin, to) for origin in State for to in State if origin != to]
LEGAL_MOVES = [move for move in EVERY_MOVE if move[1] in moves.LEGAL.get(move[0], ())]
ILLEGAL_MOVES = [move for move in EVERY_MOVE if move not in LEGAL_MOVES]


def columns_of(state: State) -> dict[str, Any]:
    """What the constraints want of a row in this state."""
    if state in OPEN_STATES:
        return {"next_poll_at": NOON, "deadline_at": NOON + timedelta(hours=1)}
    return {"ended_at": NOON, "uses_attempt": True, "next_poll_at": None}


def execution_in(state: State, target: Target) -> WorkflowExecution:
    return make_execution(
        make_run(target),
        state=state,
        sending_at=NOON,
        amc_execution_id="amc-1",
        **columns_of(state),
    )


def test_the_table_is_that_of_the_states_page() -> None:
    ends = {State.FAILED, State.REJECTED, State.CANCELLED, State.TIMED_OUT}

    assert {
        State.SUBMITTING: ends
        | {State.PENDING, State.RUNNING, State.COLLECTING, State.NOT_SUBMITTED},
        State.PENDING: ends | {State.RUNNING, State.COLLECTING},
        State.RUNNING: ends | {State.COLLECTING},
        State.COLLECTING: {State.SUCCEEDED, State.FAILED, State.CANCELLED},
    } == moves.LEGAL


@pytest.mark.parametrize(("origin", "to"), LEGAL_MOVES)
def test_a_legal_move_is_made(origin: State, to: State, target: Target) -> None:
    execution = execution_in(origin, target)

    assert moves.move(execution.pk, to, origins=[origin], **columns_of(to))

    execution.refresh_from_db()
    assert execution.state == to


@pytest.mark.parametrize(("origin", "to"), ILLEGAL_MOVES)
def test_any_other_move_is_refused_by_python_and_by_the_database(
    origin: State, to: State, target: Target
) -> None:
    execution = execution_in(origin, target)

    with pytest.raises(moves.IllegalMove):
        moves.move(execution.pk, to, origins=[origin], **columns_of(to))
    with pytest.raises(IntegrityError, match="no legal move"), transaction.atomic():
        WorkflowExecution.objects.filter(pk=execution.pk).update(
            state=to, **columns_of(to)
        )


def test_a_move_from_elsewhere_moves_nothing(target: Target) -> None:
    execution = execution_in(State.RUNNING, target)

    moved = moves.move(execution.pk, State.RUNNING, origins=[State.PENDING])

    assert not moved


def test_a_move_whose_guard_does_not_fit_moves_nothing(target: Target) -> None:
    execution = execution_in(State.COLLECTING, target)

    moved = moves.end(
        execution.pk,
        failed("result_invalid"),
        origins=[State.COLLECTING],
        guard=Q(lease_token=7),
        now=NOON,
    )

    execution.refresh_from_db()
    assert not moved
    assert execution.state == State.COLLECTING


def test_an_end_keeps_amazons_text_without_secrets(target: Target) -> None:
    execution = execution_in(State.RUNNING, target)
    text = "Query failed\0 for Bearer Atza|abc " + "x" * 20_000

    moves.end(
        execution.pk,
        failed("query_failed", "query", text),
        origins=[State.RUNNING],
        now=NOON,
    )

    execution.refresh_from_db()
    assert execution.message.startswith("Query failed for [secret] xxx")
    assert len(execution.message) == moves.LONGEST_MESSAGE
    assert (execution.ended_at, execution.uses_attempt) == (NOON, True)
    assert execution.next_poll_at is None


def test_a_watched_end_is_looked_at_again(target: Target) -> None:
    execution = execution_in(State.SUBMITTING, target)

    moves.end(
        execution.pk,
        Ending(state=State.NOT_SUBMITTED, reason="not_found"),
        origins=[State.SUBMITTING],
        now=NOON,
        watched=True,
    )

    execution.refresh_from_db()
    assert execution.watch_until == NOON + timedelta(hours=24)
    assert execution.next_poll_at == NOON + timedelta(minutes=5)


def test_a_final_row_may_change_what_is_no_state(target: Target) -> None:
    """The watch goes on after the end; only the state is final."""
    execution = execution_in(State.FAILED, target)

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflow_executions SET watch_until = %s WHERE id = %s",
            [NOON, execution.pk],
        )

        assert cursor.rowcount == 1
