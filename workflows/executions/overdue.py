"""Executions at Amazon that take too long, or that Amazon no longer knows."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from instances.timing import times
from workflows.executions import moves
from workflows.executions.classification import DEADLINE
from workflows.executions.endings import Ending, failed, timed_out
from workflows.executions.intervals import next_poll
from workflows.executions.strays import add_stray
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

MISSED_BEFORE_LOST = 3


def is_overdue(execution: WorkflowExecution, now: datetime) -> bool:
    return execution.deadline_at is not None and execution.deadline_at <= now


def is_to_be_cancelled(execution: WorkflowExecution) -> bool:
    is_open = execution.state in moves.AT_AMAZON
    return is_open and execution.cancel_requested_at is not None


def end_or_ask(
    execution: WorkflowExecution, *, credential_lost: bool, now: datetime
) -> None:
    """Past its deadline: first ask for its end, and when grace has passed end it.

    `execution` shows afterwards what was written.
    """
    asked_at = execution.cancel_requested_at
    grace = times().cancel_grace
    if asked_at is None:
        execution.cancel_requested_at, execution.cancel_reason = now, DEADLINE
        execution.deadline_at = now + grace
        _store_wish(execution, now)
    elif now < asked_at + grace:
        execution.deadline_at = asked_at + grace
        _store_wish(execution, now)
    else:
        _end_unconfirmed(execution, _timeout(credential_lost), now=now)


def note_missing(execution: WorkflowExecution, *, now: datetime) -> None:
    """Amazon said 404: it may be late in showing it, but not for ever."""
    since = execution.missing_since or now
    count = execution.missing_count + 1
    if count >= MISSED_BEFORE_LOST and now - since >= times().lost_after:
        _end_lost(execution, now=now)
        return
    moves.stay(
        execution.pk,
        states=moves.AT_AMAZON,
        missing_since=since,
        missing_count=count,
        next_poll_at=next_poll(since, now, times()),
    )
    if is_overdue(execution, now):
        end_or_ask(execution, credential_lost=False, now=now)


def _store_wish(execution: WorkflowExecution, now: datetime) -> None:
    moves.stay(
        execution.pk,
        states=moves.AT_AMAZON,
        cancel_requested_at=execution.cancel_requested_at,
        cancel_reason=execution.cancel_reason,
        deadline_at=execution.deadline_at,
        next_poll_at=now + times().poll_first,
    )


def _timeout(credential_lost: bool) -> Ending:
    if not credential_lost:
        return timed_out("timed_out", "It did not end within its time at Amazon.")
    return Ending(
        state=State.TIMED_OUT,
        reason="credential_lost",
        error_class="credential",
        message="The connection was refused until its time at Amazon was over.",
    )


@transaction.atomic
def _end_unconfirmed(
    execution: WorkflowExecution, ending: Ending, *, now: datetime
) -> None:
    if moves.end(execution.pk, ending, origins=moves.AT_AMAZON, now=now):
        execution.state = ending.state
        _let_stray(execution, Stray.Why.UNCONFIRMED_END, now)


@transaction.atomic
def _end_lost(execution: WorkflowExecution, *, now: datetime) -> None:
    text = "Amazon says that it does not know this execution."
    ending = failed("execution_lost", "unknown", text)
    if moves.end(execution.pk, ending, origins=moves.AT_AMAZON, now=now):
        _let_stray(execution, Stray.Why.LOST, now)


def _let_stray(execution: WorkflowExecution, why: Stray.Why, now: datetime) -> None:
    if execution.amc_execution_id:
        add_stray(execution, execution.amc_execution_id, why, now=now)
