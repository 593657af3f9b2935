"""What a run would send to Amazon, without sending it."""

from __future__ import annotations

from schedules.models import Run
from workflows.executions import requests
from workflows.executions.requests import Request
from workflows.models import WorkflowExecution

# No execution of ours carries it, so that nobody searches for it.
MARK = "rehearsal"


def rehearsed(run: Run) -> Request:
    """The request of a run that may not be stored; its version must be loadable.

    Raises InvalidParameter, InvalidSql, InvalidWindow.
    """
    return requests.build(
        WorkflowExecution(
            mark=MARK,
            workflow_version=run.workflow_version,
            instance=run.instance,
            window_start=run.window_start,
            window_end=run.window_end,
            window_timezone=run.window_timezone,
            parameter_values=run.parameter_values,
            time_limit_seconds=run.time_limit_seconds,
        )
    )


def sql_of(request: Request) -> str:
    """The SQL that Amazon would get."""
    return str(request.body["workflow"]["sqlQuery"])
