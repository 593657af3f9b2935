"""Dispatching: what is due is claimed, batch by batch, and handed to Celery.

Takes no lock of its own: any number of dispatchers may run at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from instances.containment import contained
from instances.fault_points import fault_point
from instances.publishing import publish
from schedules.claiming.claims import MOST_SCHEDULES, Claimed, claim
from schedules.models import Schedule
from schedules.task_names import EXECUTE_RUN
from schedules.unreadable import pause_unreadable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class DispatchCounts:
    """What a pass did: schedules moved on, rows made, of these PENDING, messages sent.

    `paused` have a rule that cannot be read. `failed` could not be claimed for a
    reason that stands in the log; they stay due.
    """

    schedules: int = 0
    runs: int = 0
    pending: int = 0
    published: int = 0
    paused: int = 0
    failed: int = 0


def dispatch_due(now: datetime, *, budget: timedelta | None = None) -> DispatchCounts:
    """Claim every slot that is due at `now`, create the runs, send their messages.

    Once the broker does not take the messages of a claim, no more are sent: the sweep
    sends them. After the time `budget` no claim is begun; the rest stays due.
    """
    schedules = runs = pending = published = paused = failed = 0
    for claimed in _claims(_due_ids(now), now, budget):
        fault_point("claimed-unpublished")
        if published == pending:
            published += publish(EXECUTE_RUN, claimed.run_ids_pending)
        schedules += claimed.schedules
        runs += claimed.runs
        pending += len(claimed.run_ids_pending)
        failed += len(claimed.failed)
        for broken in claimed.broken:
            with contained("schedule not paused", schedule=broken.schedule_id):
                paused += pause_unreadable(broken, now=now)
    return DispatchCounts(
        schedules=schedules,
        runs=runs,
        pending=pending,
        published=published,
        paused=paused,
        failed=failed,
    )


def _due_ids(now: datetime) -> list[int]:
    """What is due, the accounts in turn, of each account the longest overdue first."""
    turn = Window(
        RowNumber(), partition_by=F("account_id"), order_by=("next_run_at", "pk")
    )
    due = Schedule.objects.due(now=now).annotate(turn=turn)
    return list(due.order_by("turn", "next_run_at", "pk").values_list("pk", flat=True))


def _claims(
    ids: Sequence[int], now: datetime, budget: timedelta | None
) -> Iterator[Claimed]:
    """One transaction after another, until all are tried or the time is up."""
    batches = deque(_parts(ids, MOST_SCHEDULES))
    begun = time.monotonic()
    while batches:
        if budget is not None and time.monotonic() - begun > budget.total_seconds():
            return
        batch = batches.popleft()
        claimed = _claim_or_none(batch, now)
        if claimed:
            fitted = max(len(batch) - len(claimed.left), 1)
            batches.extendleft(reversed(_parts(claimed.left, fitted)))
            yield claimed
        elif len(batch) == 1:
            yield Claimed(failed=tuple(batch))
        else:
            batches.extendleft(reversed(_parts(batch, (len(batch) + 1) // 2)))


def _claim_or_none(batch: Sequence[int], now: datetime) -> Claimed | None:
    """None when the batch cannot be claimed as a whole, though the database is there:
    one bad row, found by halving, must not stop the others."""
    try:
        return claim(batch, now=now)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        if not connection.is_usable():
            raise
        if len(batch) == 1:
            log.exception("schedule not claimed", schedule=batch[0])
        return None


def _parts(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
