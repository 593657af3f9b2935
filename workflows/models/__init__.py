"""What we run: workflows and their versions; executions and their results."""

from __future__ import annotations

from workflows.models.executions import ExecutionResult, Stray, WorkflowExecution
from workflows.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "ExecutionResult",
    "Stray",
    "Workflow",
    "WorkflowExecution",
    "WorkflowVersion",
]
