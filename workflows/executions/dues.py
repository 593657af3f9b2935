"""Which executions are due for a look: claimed in one statement, taken by instance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database

from instances.models import Connection, Instance
from instances.timing import times
from workflows.executions import moves
from workflows.executions.reach import reach_through_others
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

ROWS_AT_A_TIME = 200

# Unsent rows are the submitter's, results the collector's; what has ended is watched.
CLAIM = """
WITH due AS (
  SELECT id FROM workflow_executions
   WHERE next_poll_at <= %(now)s
     AND (state = 'SUBMITTING' AND sending_at IS NOT NULL
          OR state IN ('PENDING', 'RUNNING')
          OR ended_at IS NOT NULL)
   ORDER BY next_poll_at, id
   LIMIT %(rows)s
     FOR NO KEY UPDATE SKIP LOCKED)
UPDATE workflow_executions e SET next_poll_at = %(lease)s
  FROM due WHERE e.id = due.id
RETURNING e.id
"""


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one connection can tell about one instance.

    `due` was claimed; `companions` are open at Amazon beside it, and not due yet.
    """

    instance: Instance
    connection: Connection
    due: tuple[WorkflowExecution, ...]
    companions: tuple[WorkflowExecution, ...] = ()


def claim(*, now: datetime) -> list[Group]:
    """Take what is longest due; nobody else looks at it while the lease lasts."""
    with database.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {"now": now, "lease": now + times().submit_lease, "rows": ROWS_AT_A_TIME},
        )
        claimed = [row for (row,) in cursor.fetchall()]
    if not claimed:
        return []
    return _grouped(_loaded(claimed), _companions_of(claimed))


def give_back(groups: Iterable[Group], *, now: datetime) -> None:
    """Time is up: these are due again at once, unless their lease is another's."""
    leases = {each.pk: each.next_poll_at for group in groups for each in group.due}
    WorkflowExecution.objects.filter(
        pk__in=leases, next_poll_at__in=set(leases.values())
    ).update(next_poll_at=now)


def _loaded(ids: Iterable[int]) -> list[WorkflowExecution]:
    rows = WorkflowExecution.objects.filter(pk__in=ids).order_by("pk")
    loaded = list(rows.select_related("instance__account", "connection"))
    reach_through_others(loaded)
    return loaded


def _companions_of(claimed: list[int]) -> list[WorkflowExecution]:
    instances = WorkflowExecution.objects.filter(pk__in=claimed).values("instance")
    rows = WorkflowExecution.objects.filter(
        instance__in=instances, state__in=moves.AT_AMAZON
    )
    return list(rows.exclude(pk__in=claimed).order_by("pk"))


def _grouped(
    due: Iterable[WorkflowExecution], companions: Iterable[WorkflowExecution]
) -> list[Group]:
    beside: dict[tuple[int, int], list[WorkflowExecution]] = defaultdict(list)
    for execution in companions:
        beside[_key(execution)].append(execution)
    groups: dict[tuple[int, int], list[WorkflowExecution]] = defaultdict(list)
    for execution in due:
        groups[_key(execution)].append(execution)
    return [
        Group(
            instance=members[0].instance,
            connection=members[0].connection,
            due=tuple(members),
            companions=tuple(beside[key]),
        )
        for key, members in groups.items()
    ]


def _key(execution: WorkflowExecution) -> tuple[int, int]:
    return execution.instance_id, execution.connection_id


def is_searched_for(execution: WorkflowExecution) -> bool:
    """Sent, and its outcome not known."""
    return execution.state == State.SUBMITTING


def is_watched(execution: WorkflowExecution) -> bool:
    return execution.ended_at is not None
