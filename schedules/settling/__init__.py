"""Settling: what the end of an execution means for its run, written with a guard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import DatabaseError, connection

from instances.containment import contained
from instances.timing import times
from schedules.settling.rulings import Ruling, record
from schedules.settling.verdicts import Ended, Waits, verdict
from schedules.states import RunState

MOST_BATCHES = 200

# One run per target and batch: a counter must see the runs one after another.
ENDED_OF_RUNNING = """
SELECT DISTINCT ON (coalesce(r.target_id, -r.id))
       r.id, r.target_id, r.execution_id, r.cancel_requested_at, r.max_attempts,
       e.state, e.reason, e.message, e.attempts_used, e.uses_attempt, e.ended_at,
       r.trigger = 'schedule' AND (t.paused_at IS NOT NULL OR NOT s.is_active),
       i.throttled_until
  FROM schedule_runs r
  JOIN workflow_executions e ON e.id = r.execution_id
  JOIN amc_instances i ON i.id = r.instance_id
  LEFT JOIN schedule_targets t ON t.id = r.target_id
  LEFT JOIN workflow_schedules s ON s.id = r.schedule_id
 WHERE r.state = 'RUNNING' AND e.ended_at IS NOT NULL
 ORDER BY coalesce(r.target_id, -r.id), e.ended_at, r.id
 LIMIT %(limit)s
"""


class _Row(NamedTuple):
    """A row of the statement above."""

    run_id: int
    target_id: int | None
    execution_id: int
    cancel_requested_at: datetime | None
    max_attempts: int
    state: str
    reason: str
    message: str
    attempts_used: int
    uses_attempt: bool
    ended_at: datetime
    is_barred: bool | None
    throttled_until: datetime | None


def settle(*, now: datetime, limit: int = 500) -> int:
    """Move the RUNNING runs whose execution has ended; count them.

    Works in batches of at most `limit` runs, each its own transaction, until none
    is left or a batch moved nothing because others were there first.
    """
    settled = 0
    for number in range(MOST_BATCHES):
        # Runs of one target end one after another, so that a recount is possible.
        moment = now + timedelta(microseconds=number)
        moved = _recorded(_rulings(limit, moment), moment)
        settled += moved
        if not moved:
            break
    return settled


def _recorded(rulings: Sequence[Ruling], now: datetime) -> int:
    """All at once; one by one where the database refuses one of them."""
    try:
        return record(rulings, now=now)
    except DatabaseError:
        if not connection.is_usable():
            raise
    moved = 0
    for ruling in rulings:
        with contained("run not settled", run=ruling.run_id):
            moved += record([ruling], now=now)
    return moved


def _rulings(limit: int, now: datetime) -> list[Ruling]:
    """What ended executions mean for their runs, decided without any lock."""
    spans = times()
    waits = Waits(
        first=spans.retry_first,
        longest=spans.retry_longest,
        gave_up=spans.gave_up,
        credential=spans.credential,
    )
    with connection.cursor() as cursor:
        cursor.execute(ENDED_OF_RUNNING, {"limit": limit})
        rows = [_Row(*row) for row in cursor.fetchall()]
    return [_ruling(row, waits, now) for row in rows]


def _ruling(row: _Row, waits: Waits, now: datetime) -> Ruling:
    ended = Ended(
        run_id=row.run_id,
        state=row.state,
        reason=row.reason,
        message=row.message,
        cancel_requested=row.cancel_requested_at is not None,
        attempts_before=row.attempts_used,
        uses_attempt=row.uses_attempt,
        max_attempts=row.max_attempts,
        is_barred=bool(row.is_barred),
        throttled_until=row.throttled_until,
    )
    return Ruling(
        run_id=row.run_id,
        target_id=row.target_id,
        from_state=RunState.RUNNING,
        from_reason="",
        execution_id=row.execution_id,
        cancel_requested_at=row.cancel_requested_at,
        ended_at=row.ended_at,
        verdict=verdict(ended, waits=waits, now=now),
    )
