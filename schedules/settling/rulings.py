"""Writing what became of runs: guarded moves, failures in a row, auto-pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from instances.changelog import changing
from instances.models import Change
from schedules.models import Run, Target
from schedules.pausing import end_waiting
from schedules.settling.verdicts import Verdict, counts

# Moves runs that are still as they were read, and counts only what it moved.
WRITE_VERDICTS = """
WITH verdict AS (
  SELECT * FROM unnest(
    %(run)s::bigint[], %(from_state)s::text[], %(from_reason)s::text[],
    %(execution)s::bigint[], %(cancel)s::timestamptz[],
    %(ended)s::timestamptz[], %(state)s::text[], %(reason)s::text[],
    %(message)s::text[], %(next)s::timestamptz[],
    %(give_up)s::timestamptz[], %(counts)s::boolean[])
  AS v(run_id, from_state, from_reason, execution_id, cancel_requested_at,
       ended_at, state, reason, message, next_action_at, give_up_at, counts_failure)),
moved AS (
  UPDATE schedule_runs r
     SET state = v.state, reason = v.reason, message = v.message,
         next_action_at = v.next_action_at, counts_failure = v.counts_failure,
         give_up_at = CASE WHEN v.reason = 'credential' THEN v.give_up_at
                           ELSE coalesce(r.give_up_at, v.give_up_at) END,
         finished_at = CASE WHEN v.state <> 'WAITING'
                            THEN greatest(%(now)s::timestamptz, v.ended_at) END
    FROM verdict v
   WHERE r.id = v.run_id AND r.state = v.from_state AND r.reason = v.from_reason
     AND r.execution_id IS NOT DISTINCT FROM v.execution_id
     AND r.cancel_requested_at IS NOT DISTINCT FROM v.cancel_requested_at
     AND (v.state <> 'WAITING' OR r.trigger <> 'schedule' OR EXISTS (
            SELECT 1 FROM schedule_targets t
              JOIN workflow_schedules s ON s.id = t.schedule_id
             WHERE t.id = r.target_id AND t.paused_at IS NULL AND s.is_active))
  RETURNING r.id, r.target_id, r.trigger, r.state, r.reason, r.message,
            r.counts_failure, r.created_at),
counted AS (
  UPDATE schedule_targets t
     SET consecutive_failures = CASE m.state WHEN 'SUCCEEDED' THEN 0
                                ELSE t.consecutive_failures + 1 END,
         paused_at = CASE WHEN full_house THEN %(now)s ELSE t.paused_at END,
         pause_reason = CASE WHEN full_house THEN 'failures'
                        ELSE t.pause_reason END,
         pause_message = CASE WHEN full_house
           THEN left('Failures in a row: ' || t.consecutive_failures + 1 || '. '
                     || coalesce(nullif(m.message, ''), m.reason), 1000)
           ELSE t.pause_message END
    FROM (SELECT m.*, s.max_failures, t.id AS target,
                 m.state = 'FAILED' AND t.paused_at IS NULL
                 AND t.consecutive_failures + 1 >= s.max_failures AS full_house
            FROM moved m
            JOIN schedule_targets t ON t.id = m.target_id
            JOIN workflow_schedules s ON s.id = t.schedule_id
           WHERE m.trigger IN ('schedule', 'retry')
             AND m.created_at >= t.counting_from
             AND (m.state = 'SUCCEEDED' OR m.counts_failure)) m
   WHERE t.id = m.target
  RETURNING t.id, full_house AS paused_now),
denied AS (
  UPDATE schedule_targets t
     SET paused_at = %(now)s, pause_reason = 'access_denied',
         pause_message = left(m.message, 1000)
    FROM moved m
   WHERE t.id = m.target_id AND t.paused_at IS NULL
     AND m.state = 'FAILED' AND m.reason = 'access_denied'
     AND m.trigger IN ('schedule', 'retry')
  RETURNING t.id)
SELECT (SELECT count(*) FROM moved),
       ARRAY(SELECT id FROM counted WHERE paused_now UNION SELECT id FROM denied)
"""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A verdict, and the run as it was read: nothing else may be overwritten."""

    run_id: int
    target_id: int | None
    from_state: str
    from_reason: str
    execution_id: int | None
    cancel_requested_at: datetime | None
    # When its execution ended: no run ends before.
    ended_at: datetime | None = None
    verdict: Verdict


def fail_and_count(run: Run, *, reason: str, message: str, now: datetime) -> bool:
    """End a run that cannot be sent, counted as any failure of its target.

    `run` is as it was read; False: somebody else was there.
    """
    failed = Verdict(
        state="FAILED", reason=reason, message=message, counts_failure=counts(reason)
    )
    ruling = Ruling(
        run_id=run.pk,
        target_id=run.target_id,
        from_state=run.state,
        from_reason=run.reason,
        execution_id=run.execution_id,
        cancel_requested_at=run.cancel_requested_at,
        verdict=failed,
    )
    return record([ruling], now=now) == 1


def record(rulings: Sequence[Ruling], *, now: datetime) -> int:
    """Write rulings, at most one per target, in one transaction; count the moved."""
    if not rulings:
        return 0
    with transaction.atomic():
        _lock_targets(rulings)
        with connection.cursor() as cursor:
            cursor.execute(WRITE_VERDICTS, _columns(rulings) | {"now": now})
            moved, paused = cursor.fetchone()
        if paused:
            _finish_pauses(paused, now=now)
    return int(moved)


def _lock_targets(rulings: Sequence[Ruling]) -> None:
    """Lock, then look: the counters are read by the next statement."""
    ids = {ruling.target_id for ruling in rulings if ruling.target_id is not None}
    rows = Target.objects.filter(pk__in=ids).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _columns(rulings: Sequence[Ruling]) -> dict[str, list[object]]:
    """The rulings as one array per column."""
    return {
        "run": [ruling.run_id for ruling in rulings],
        "from_state": [ruling.from_state for ruling in rulings],
        "from_reason": [ruling.from_reason for ruling in rulings],
        "execution": [ruling.execution_id for ruling in rulings],
        "cancel": [ruling.cancel_requested_at for ruling in rulings],
        "ended": [ruling.ended_at for ruling in rulings],
        "state": [ruling.verdict.state for ruling in rulings],
        "reason": [ruling.verdict.reason for ruling in rulings],
        "message": [ruling.verdict.message for ruling in rulings],
        "next": [ruling.verdict.next_action_at for ruling in rulings],
        "give_up": [ruling.verdict.give_up_at for ruling in rulings],
        "counts": [ruling.verdict.counts_failure for ruling in rulings],
    }


def _finish_pauses(target_ids: list[int], *, now: datetime) -> None:
    """R12 for targets that were just paused, and a row each in the change log."""
    targets = list(Target.objects.filter(pk__in=target_ids).order_by("pk"))
    end_waiting(targets, "target_paused", now=now)
    for target in targets:
        with changing(None, Change.Origin.SYSTEM, target.pause_message, now=now):
            target.save(update_fields=["paused_at"])
