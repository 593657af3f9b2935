"""What runs tell, and open runs in every state they can be in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schedules.models import Run, Target
from tests.makers import NOON, make_execution, make_run
from workflows.models import WorkflowExecution

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def told(target: Target) -> list[tuple[datetime, str, str]]:
    """Slot, state and reason of the target's runs of slots, the oldest first."""
    runs = Run.objects.filter(target=target, trigger="schedule")
    return list(
        runs.order_by("scheduled_for").values_list("scheduled_for", "state", "reason")
    )


def state_of(run: Run) -> tuple[str, str]:
    run.refresh_from_db()
    return run.state, run.reason


def waiting_run(target: Target, reason: str, **changes: Any) -> Run:
    return make_run(target, state="WAITING", reason=reason, **changes)


def run_at_amazon(target: Target, state: str = "RUNNING", **changes: Any) -> Run:
    """A RUNNING run whose execution is in this state; `sent`: no answer came yet."""
    run = make_run(target, **changes)
    execution = make_execution(run)
    columns: dict[str, Any] = {"sending_at": NOON}
    if state not in ("unsent", "sent"):
        columns |= {"state": state, "amc_execution_id": f"amc-{execution.pk}"}
    if state != "unsent":
        WorkflowExecution.objects.filter(pk=execution.pk).update(**columns)
    run.refresh_from_db()
    return run


def tried_run(target: Target, **changes: Any) -> Run:
    """A run that waits for another attempt."""
    run = make_run(target, **changes)
    execution = make_execution(run)
    WorkflowExecution.objects.filter(pk=execution.pk).update(
        state="NOT_SUBMITTED",
        reason="not_connected",
        ended_at=NOON,
        uses_attempt=True,
        next_poll_at=None,
    )
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason="retry", next_action_at=NOON, give_up_at=NOON + HOUR
    )
    run.refresh_from_db()
    return run
