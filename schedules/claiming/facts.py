"""What a claim must know of its schedules' targets, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import prefetch_related_objects

from instances.default_connections import DefaultConnections
from schedules.claiming.planning import ManualRun, TargetFacts
from schedules.models import Run, Schedule, Target
from schedules.states import RunState

# By schedule and with a moment of its own each, since outages make some look far back.
MANUAL_RUNS = """
    SELECT r.target_id, r.id, r.created_at
      FROM unnest(%(schedules)s::bigint[], %(since)s::timestamptz[]) AS s(id, since)
      JOIN schedule_runs r ON r.schedule_id = s.id AND r.created_at >= s.since
     WHERE r.created_at >= %(oldest)s AND r.trigger = 'manual'
       AND r.state NOT IN ('FAILED', 'CANCELLED', 'SKIPPED') AND r.target_id IS NOT NULL
     ORDER BY r.id
"""


@dataclass(frozen=True, kw_only=True)
class ClaimFacts:
    """Of many targets at once: what keeps them busy, who ran them by hand."""

    busy: Mapping[int, int]
    manual: Mapping[int, Sequence[ManualRun]]
    connections: DefaultConnections

    def of(self, target: Target) -> TargetFacts:
        return TargetFacts(
            is_paused=target.paused_at is not None,
            busy_with=self.busy.get(target.pk),
            manual_runs=tuple(self.manual.get(target.pk, ())),
        )


def targets_of(
    schedules: Collection[Schedule], *, locked: bool = False
) -> dict[int, list[Target]]:
    """The targets of each schedule, by its id, with their instances.

    `locked`: nobody pauses one of them until the transaction ends.
    """
    by_id = {schedule.pk: schedule for schedule in schedules}
    found: dict[int, list[Target]] = {schedule_id: [] for schedule_id in by_id}
    rows = Target.objects.filter(schedule__in=by_id, deleted_at=None)
    if locked:
        rows = rows.select_for_update(no_key=True)
    # Not joined: many targets share an instance, which then is one object.
    for target in rows.prefetch_related("instance").order_by("id"):
        target.schedule = by_id[target.schedule_id]
        found[target.schedule_id].append(target)
    return found


def read_facts(
    schedules: Sequence[Schedule],
    targets: Collection[Target],
    *,
    manual_since: Mapping[int, datetime],
) -> ClaimFacts:
    """The facts of these targets; loads the schedules' workflows besides.

    Runs by hand are looked for from the moment that `manual_since` has for their
    schedule, and not at all where it has none.
    """
    prefetch_related_objects(schedules, "workflow")
    return ClaimFacts(
        busy=_busy([target.pk for target in targets]),
        manual=_manual_runs(manual_since),
        connections=DefaultConnections(schedules),
    )


def _busy(target_ids: Sequence[int]) -> dict[int, int]:
    """The oldest exclusive run that keeps each busy target so."""
    runs = (
        Run.objects.open()
        .filter(target__in=target_ids, exclusive=True)
        .exclude(state=RunState.WAITING, reason="credential")
        .order_by("target_id", "scheduled_for", "id")
        .distinct("target_id")
    )
    return {
        target: run for target, run in runs.values_list("target_id", "id") if target
    }


def _manual_runs(since: Mapping[int, datetime]) -> dict[int, list[ManualRun]]:
    found: dict[int, list[ManualRun]] = defaultdict(list)
    if not since:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            MANUAL_RUNS,
            {
                "schedules": list(since),
                "since": list(since.values()),
                "oldest": min(since.values()),
            },
        )
        for target_id, run_id, created_at in cursor.fetchall():
            found[target_id].append(ManualRun(id=run_id, created_at=created_at))
    return found
