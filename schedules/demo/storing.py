"""Storing a history: rows with ids in the order of their age, and the newest files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from random import Random

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection

from instances.models import User
from schedules.demo import bulk_rows
from schedules.demo.answers import COLUMNS, MOST_ROWS, csv_of
from schedules.demo.history import Past, link, moves
from schedules.models import Run, RunEvent
from workflows.models import ExecutionResult, WorkflowExecution
from workflows.states import ExecutionState
from workflows.windows import Window

RETENTION = timedelta(days=14)  # of the files of results

# As the counter is defined: failures after the last success, by when they ended.
COUNT_FAILURES = """
UPDATE schedule_targets t SET consecutive_failures = (
  SELECT count(*) FROM schedule_runs r
   WHERE r.target_id = t.id AND r.trigger IN ('schedule', 'retry')
     AND r.state = 'FAILED' AND r.counts_failure AND r.created_at >= t.counting_from
     AND r.finished_at > coalesce(
           (SELECT max(s.finished_at) FROM schedule_runs s
             WHERE s.target_id = t.id AND s.trigger IN ('schedule', 'retry')
               AND s.state = 'SUCCEEDED' AND s.created_at >= t.counting_from),
           '-infinity'))
 WHERE t.schedule_id IN (SELECT id FROM workflow_schedules WHERE owner_id = %s)
"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A run of the demo with the name of its query, whose columns its result has."""

    query: str
    past: Past


@contextmanager
def files_taken_back() -> Iterator[list[str]]:
    """The keys of files that are stored meanwhile, and removed if that fails."""
    kept: list[str] = []
    try:
        yield kept
    except BaseException:
        for key in kept:
            storages["results"].delete(key)
        raise


def store_history(
    told: list[Told], random: Random, kept: list[str], *, now: datetime
) -> None:
    """Numbered by their age, as they would have been."""
    told.sort(key=lambda each: each.past.run.created_at)
    runs = [each.past.run for each in told]
    executions = [row for each in told for row in each.past.executions]
    executions.sort(key=lambda execution: execution.created_at)
    bulk_rows.number(Run, runs)
    bulk_rows.number(WorkflowExecution, executions)
    for each in told:
        link(each.past, installation=settings.INSTALLATION_ID, random=random)
    bulk_rows.store(WorkflowExecution, executions)
    bulk_rows.store(Run, runs)
    events = [event for each in told for event in moves(each.past)]
    events.sort(key=lambda event: event.at)
    bulk_rows.number(RunEvent, events)
    bulk_rows.store(RunEvent, events)
    results = [
        _result(each, execution, random, kept, now=now)
        for each in told
        for execution in each.past.executions
        if execution.state == ExecutionState.SUCCEEDED
    ]
    bulk_rows.number(ExecutionResult, results)
    bulk_rows.store(ExecutionResult, results)


def _result(
    told: Told,
    execution: WorkflowExecution,
    random: Random,
    kept: list[str],
    *,
    now: datetime,
) -> ExecutionResult:
    """With its file while it is young; only retention's note of it afterwards."""
    run, landed = told.past.run, execution.ended_at or now
    key = f"executions/{execution.pk}/1-{random.getrandbits(32):08x}.csv"
    result = ExecutionResult(
        execution_id=execution.pk,
        storage_key=key,
        size_bytes=random.randint(400, 900),
        row_count=random.randint(2, MOST_ROWS),
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        columns=list(COLUMNS[told.query]),
        created_at=landed,
        removed_at=landed + RETENTION,
    )
    if landed + RETENTION > now and run.window_start and run.window_end:
        window = Window(start=run.window_start, end=run.window_end)
        content = csv_of(told.query, run.instance.name, window, random)
        storages["results"].save(key, File(BytesIO(content)))
        kept.append(key)
        result.size_bytes = len(content)
        result.row_count = content.count(b"\n") - 1
        result.sha256 = hashlib.sha256(content).hexdigest()
        result.removed_at = None
    return result


def count_failures(owner: User) -> int:
    """Write the counters of all targets of the owner's schedules; how many there are.

    One statement: the demo's people have no other schedules yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNT_FAILURES, [owner.pk])
        return int(cursor.rowcount)
