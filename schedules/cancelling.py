"""Cancelling: at once while nothing is at Amazon, else as a wish that polling keeps."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from instances.access import require
from instances.changelog import note
from instances.models import Role, User
from schedules.errors import AlreadyFinished
from schedules.models import Run
from schedules.states import FINAL_STATES, RunState
from workflows.executions import cancelling as executions


@transaction.atomic
def cancel_run(run_id: int, *, user: User, reason: str, now: datetime) -> Run:
    """Ask for a run's end. Asking twice is the same as once.

    Raises AlreadyFinished, NotPermitted.
    """
    rows = Run.objects.select_for_update(no_key=True, of=("self",))
    run = rows.select_related("schedule").get(pk=run_id)
    require(user, account_of(run), Role.EDITOR)
    if run.state in FINAL_STATES:
        raise AlreadyFinished
    if run.cancel_requested_at is None and run.schedule:
        note(run.schedule, f"cancel of run {run.pk}: {reason}", now=now)
    cancel_locked_run(run, user=user, reason=reason, now=now)
    return run


def account_of(run: Run) -> int | None:
    """Whose run it is: of its account, without one of its schedule's."""
    home = run.schedule.account_id if run.schedule else None
    return run.account_id or home


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
    fetched. An execution only moves forward, so what is no longer unsent and takes no
    wish is being fetched, or has ended: then settling knows the run's end.
    """
    execution_id, reason = run.execution_id, run.cancel_reason
    if execution_id is None:
        return True
    if executions.close_unsent(execution_id, reason, now=now):
        return True
    if executions.ask_to_cancel(execution_id, reason, now=now):
        return False
    return executions.close_collecting(execution_id, reason, now=now)
