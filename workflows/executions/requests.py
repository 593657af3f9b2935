"""The body of the one POST that starts an execution, from what its row says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows import parameters
from workflows.errors import InvalidWindow
from workflows.executions.marks import marked
from workflows.models import WorkflowExecution
from workflows.sql import check_sql, one_line


@dataclass(frozen=True, kw_only=True)
class Request:
    """It holds no secret, and is kept with the execution."""

    body: Mapping[str, Any]

    @property
    def encoded(self) -> bytes:
        return json.dumps(self.body, sort_keys=True, separators=(",", ":")).encode()

    @property
    def size_bytes(self) -> int:
        return len(self.encoded)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.encoded).hexdigest()


def build(execution: WorkflowExecution) -> Request:
    """Nothing is saved at Amazon: SQL and declarations go along with each request.

    Raises InvalidParameter, InvalidSql, InvalidWindow.
    """
    version = execution.workflow_version
    check_sql(version.sql)  # an open quote would swallow the mark
    values = execution.parameter_values
    body = {
        "workflow": _workflow(version.sql, version.parameters, values, execution.mark),
        "timeWindowType": "EXPLICIT",
        **_window(execution),
        "workflowExecutionTimeoutSeconds": execution.time_limit_seconds,
    }
    names = parameters.custom_parameters(version.sql)
    sent = parameters.check(version.parameters, values)
    if names:
        body["parameterValues"] = {name: sent[name] for name in names}
    if execution.instance.requires_synthetic_data:
        body["requireSyntheticData"] = True
    return Request(body=body)


def _workflow(
    sql: str, declared: list[Mapping[str, Any]], values: Mapping[str, Any], mark: str
) -> dict[str, Any]:
    """Values of {{…}} become part of the SQL; Amazon is told only of its own kind."""
    typed = parameters.typed(declared, values)
    written = {name: typed[name] for name in parameters.placeholders(sql)}
    workflow: dict[str, Any] = {
        "sqlQuery": marked(one_line(parameters.render(sql, written)), mark)
    }
    names = parameters.custom_parameters(sql)
    if names:
        workflow["inputParameters"] = [
            dict(each) for each in declared if each.get("name") in names
        ]
    return workflow


def _window(execution: WorkflowExecution) -> dict[str, str]:
    """Local midnights without zone, the end exclusive, and the zone beside them."""
    if execution.window_start is None or execution.window_end is None:
        raise InvalidWindow("This run has no window.", field="window")
    return {
        "timeWindowStart": _midnight(execution.window_start),
        "timeWindowEnd": _midnight(execution.window_end),
        "timeWindowTimeZone": execution.window_timezone or "UTC",
    }


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"
