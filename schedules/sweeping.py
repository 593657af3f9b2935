"""The sweep: looks at rows for everything that an event may have failed to start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from instances.changelog import changing
from instances.containment import contained
from instances.models import Change
from instances.publishing import publish
from schedules.claiming.claims import claim_leftovers
from schedules.models import Schedule, Target
from schedules.pausing import end_waiting, stop
from schedules.queue import admission, credentials, hints
from schedules.row_locks import locked_targets
from schedules.settling import settle
from schedules.task_names import SUBMIT_EXECUTION

log = structlog.get_logger(__name__)

RUNS_AT_A_TIME = 5_000
SCHEDULES_AT_A_TIME = 100

GIVE_UP = """
WITH tired AS MATERIALIZED (
  SELECT r.id FROM schedule_runs r
   WHERE r.state = 'WAITING' AND r.give_up_at <= %(now)s
     AND r.reason IN ('credential', 'overlap', 'throttled', 'retry')
   ORDER BY r.give_up_at LIMIT %(most)s
     FOR NO KEY UPDATE SKIP LOCKED)
UPDATE schedule_runs r
   SET state = CASE WHEN r.reason IN ('throttled', 'retry') THEN 'FAILED'
                    WHEN r.execution_id IS NULL THEN 'SKIPPED'
                    ELSE 'CANCELLED' END,
       reason = CASE r.reason WHEN 'credential' THEN 'missed'
                              WHEN 'overlap' THEN 'overlap'
                              ELSE 'gave_up' END,
       next_action_at = NULL, finished_at = %(now)s
  FROM tired
 WHERE r.id = tired.id AND r.state = 'WAITING' AND r.give_up_at <= %(now)s
   AND r.reason IN ('credential', 'overlap', 'throttled', 'retry')
"""


@dataclass(frozen=True, kw_only=True)
class SweepCounts:
    """What a sweep did, and which of its steps failed."""

    settled: int
    released: int
    held: int
    admitted: int
    hinted: int
    gave_up: int
    paused: int
    failed: tuple[str, ...]


def sweep(*, now: datetime) -> SweepCounts:
    """Each step in transactions of its own; one that fails stops no other."""
    failed: list[str] = []

    def attempt(name: str, step: Callable[[], int]) -> int:
        try:
            return step()
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            log.exception("sweep step failed", step=name)
            failed.append(name)
            return 0

    return SweepCounts(
        settled=attempt("settle", lambda: settle(now=now)),
        released=attempt("release", lambda: credentials.release(now=now)),
        held=attempt("hold", lambda: credentials.hold_queued(now=now)),
        admitted=attempt("admit", lambda: fill_places(now=now)),
        hinted=attempt("hint", lambda: hints.hint_again(now=now)),
        gave_up=attempt("give up", lambda: give_up(now=now)),
        paused=attempt("pause", lambda: pause_idle_schedules(now=now)),
        failed=tuple(failed),
    )


def fill_places(*, now: datetime) -> int:
    """R8 for every account, and a message for each execution opened."""
    admitted = admission.pass_until_dry(now=now)
    publish(SUBMIT_EXECUTION, [one.execution_id for one in admitted])
    return len(admitted)


def give_up(*, now: datetime) -> int:
    """R13: end the runs that have waited long enough."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_UP, {"now": now, "most": RUNS_AT_A_TIME})
        return int(cursor.rowcount)


def pause_idle_schedules(*, now: datetime) -> int:
    """Pause active schedules whose targets are all paused; count them."""
    own = Target.objects.filter(schedule=OuterRef("pk"))
    idle = Schedule.objects.filter(
        Exists(own.filter(paused_at__isnull=False)),
        ~Exists(own.filter(paused_at=None, deleted_at=None)),
        is_active=True,
    )
    found = list(idle.order_by("pk").values_list("pk", flat=True)[:SCHEDULES_AT_A_TIME])
    paused = 0
    for schedule_id in found:
        with contained("schedule not paused", schedule=schedule_id):
            paused += _pause_idle(schedule_id, now=now)
    return paused


@transaction.atomic
def _pause_idle(schedule_id: int, *, now: datetime) -> bool:
    """Lock the schedule, look at its targets again, pause. False: no longer idle."""
    free = Schedule.objects.select_for_update(
        no_key=True, skip_locked=True, of=("self",)
    )
    rows = free.select_related("workflow__version", "owner", "connection")
    schedule = rows.filter(pk=schedule_id, is_active=True).first()
    if schedule is None:
        return False
    targets = locked_targets(schedule)
    if any(target.paused_at is None for target in targets):
        return False
    claim_leftovers(schedule, now=now, fate="schedule_paused")
    reason = "Every target is paused."
    with changing(None, Change.Origin.SYSTEM, reason, now=now):
        stop(schedule, cause="no_active_target", reason=reason, now=now)
    end_waiting(targets, "schedule_paused", now=now)
    return True
