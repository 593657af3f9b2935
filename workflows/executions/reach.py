"""Through which connection Amazon is asked about executions that are there."""

from __future__ import annotations

from collections.abc import Sequence

from instances.default_connections import DefaultConnections
from instances.models import Connection
from workflows.models import WorkflowExecution


def reach_through_others(executions: Sequence[WorkflowExecution]) -> None:
    """Let those whose connection was deleted use another one of their owner's.

    Nobody can connect again what is deleted, so their runs would wait for a deadline.
    Nothing is stored: each look asks anew.
    """
    cut_off = [each for each in executions if each.connection.deleted_at is not None]
    if not cut_off:
        return
    usable_id = DefaultConnections(cut_off).usable_id
    found = {each: usable_id(each, each.account_id) for each in cut_off}
    others = Connection.objects.in_bulk([other for other in found.values() if other])
    for execution, other in found.items():
        if other:
            execution.connection = others[other]
