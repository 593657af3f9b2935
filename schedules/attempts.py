"""The executions of a page of runs: each run points to its newest, they chain back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from schedules.models import Run
from workflows.models import WorkflowExecution

# Nobody reads these in a list.
LONG = ("request", "workflow_version__sql", "workflow_version__parameters")
CHAINS = """
    WITH RECURSIVE chain AS (
      SELECT e.id, e.retry_of_id, e.id AS newest
        FROM workflow_executions e WHERE e.id = ANY (%s)
      UNION ALL
      SELECT e.id, e.retry_of_id, c.newest
        FROM workflow_executions e JOIN chain c ON e.id = c.retry_of_id)
    SELECT id, newest FROM chain
"""


def attempts_of(runs: Iterable[Run]) -> dict[int, list[WorkflowExecution]]:
    """Executions by run id, oldest first; two queries for any number of runs."""
    run_of = {run.execution_id: run.pk for run in runs if run.execution_id}
    if not run_of:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(CHAINS, [list(run_of)])
        newest_of = dict(cursor.fetchall())
    found = WorkflowExecution.objects.filter(pk__in=newest_of).order_by("id")
    found = found.select_related("result", "workflow_version").defer(*LONG)
    attempts: dict[int, list[WorkflowExecution]] = defaultdict(list)
    for execution in found:
        attempts[run_of[newest_of[execution.pk]]].append(execution)
    return attempts
