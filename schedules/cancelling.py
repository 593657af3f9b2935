"""Cancelling: at once while nothing is at Amazon, else as a wish that polling keeps."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from instances.access import require
from instances.models import Role, User
from schedules.errors import AlreadyFinished
from schedules.models import Run
from schedules.states import FINAL_STATES, RunState
from workflows.executions import cancelling as executions
from workflows.states import ExecutionState


@transaction.atomic
def cancel_run(run_id: int, *, user: User, reason: str, now: datetime) -> Run:
    """Ask for a run's end. Asking twice is the same as once.

    Raises AlreadyFinished, NotPermitted.
    """
    run = Run.objects.select_for_update(no_key=True, of=("self",)).get(pk=run_id)
    require(user, run.account_id, Role.EDITOR)
    if run.state in FINAL_STATES:
        raise AlreadyFinished
    cancel_locked_run(run, user=user, reason=reason, now=now)
    return run


def cancel_locked_run(run: Run, *, user: User, reason: str, now: datetime) -> None:
    """Cancel an open run whose row is locked by this transaction."""
    if run.cancel_requested_at is not None:
        return
    run.cancel_requested_at = now
    run.cancel_requested_by = user
    run.cancel_reason = reason[:255]
    if run.state != RunState.RUNNING or _closed(run, now):
        run.state = RunState.CANCELLED
        run.reason = "cancelled"
        run.next_action_at = None
        run.finished_at = now
    run.save(
        update_fields=[
            "state",
            "reason",
            "next_action_at",
            "finished_at",
            "cancel_requested_at",
            "cancel_requested_by",
            "cancel_reason",
        ]
    )


def _closed(run: Run, now: datetime) -> bool:
    """Close the run's execution here; else leave the wish with it.

    True when nothing is needed from Amazon: it was unsent, or its result was being
    fetched.
    """
    execution = run.execution
    if execution is None:
        return True
    if executions.close_unsent(execution.pk, run.cancel_reason, now=now):
        return True
    if execution.state == ExecutionState.COLLECTING and executions.close_collecting(
        execution.pk, run.cancel_reason, now=now
    ):
        return True
    executions.ask_to_cancel(execution.pk, run.cancel_reason, now=now)
    return False
