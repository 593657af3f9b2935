"""What can be wrong with a workflow's SQL, parameters and windows."""

from __future__ import annotations

from instances.errors import DomainError


class WorkflowsError(DomainError):
    """Something is wrong with a workflow."""


class InvalidParameter(WorkflowsError):
    """A value does not fit its parameter. `field` is `parameters.<name>`."""

    code = "parameter"


class InvalidWindow(WorkflowsError):
    """The rule does not give dates that Amazon has data for."""

    code = "window"


class InvalidSql(WorkflowsError):
    """The SQL cannot be sent. `position` counts characters from 0."""

    code = "sql_syntax"

    def __init__(
        self, message: str = "", *, code: str = "", position: int | None = None
    ) -> None:
        super().__init__(message, code=code, field="sql")
        self.position = position


class WorkflowInUse(WorkflowsError):
    """Schedules still run this workflow; delete them first."""

    code = "workflow_in_use"


class InvalidField(WorkflowsError):
    """A field of a workflow cannot be used as it is."""

    code = "invalid"


class InvalidResult(WorkflowsError):
    """What Amazon gave as the result is no table."""

    code = "result_invalid"


class ResultRemoved(WorkflowsError):
    """The file of this result is no longer kept; its row count is."""

    code = "result_removed"


class InvalidPage(WorkflowsError):
    """There is no such page of the result."""

    code = "invalid_page"
