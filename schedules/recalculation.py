"""New zone data: where every active schedule goes on is worked out again."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from instances.heartbeats import beat
from instances.models import Heartbeat
from instances.timing import times
from schedules.claiming.claims import move_on
from schedules.errors import InvalidRecurrence
from schedules.models import Schedule
from schedules.recurrence import fire_times, tzdata_version

log = structlog.get_logger(__name__)

NAME = "tzdata"
BATCH = 1_000


def recalculate_if_new(*, now: datetime) -> int:
    """Recalculate when the zone data are not those of the last time; how many moved."""
    ours = tzdata_version()
    last = Heartbeat.objects.filter(name=NAME).first()
    before = str(last.facts.get("version", "")) if last else ""
    if before == ours:
        return 0
    if last and before > ours and now - last.at < times().zone_rollback:
        return 0
    moved = recalculate(now=now)
    beat(NAME, now=now, version=ours)
    log.info("next runs recalculated", before=before, version=ours, moved=moved)
    return moved


def recalculate(*, now: datetime) -> int:
    """Let every active schedule go on with its first slot after `now`; how many moved.

    What is due already is left to the claim, which gives it its row and goes on by
    the new data. Waits for rows that people are changing.
    """
    moved, last_id = _recalculate_batch(0, now)
    while last_id:
        more, last_id = _recalculate_batch(last_id, now)
        moved += more
    return moved


@transaction.atomic
def _recalculate_batch(after_id: int, now: datetime) -> tuple[int, int]:
    """How many of the next schedules moved, and the last one's id; 0 at the end."""
    active = Schedule.objects.filter(
        is_active=True, next_run_at__gt=now, pk__gt=after_id
    )
    locked = active.select_for_update(no_key=True, of=("self",)).order_by("pk")[:BATCH]
    schedules = list(locked)
    moved = [schedule for schedule in schedules if _goes_elsewhere(schedule, now)]
    move_on(moved)
    return len(moved), schedules[-1].pk if schedules else 0


def _goes_elsewhere(schedule: Schedule, now: datetime) -> bool:
    """Whether the new data give another next slot, which is written to the object."""
    try:
        slots = fire_times(schedule.cron_expression, schedule.timezone, now, 1)
    except InvalidRecurrence:
        return False  # it is paused, visibly, once it is due
    if not slots or slots[0] == schedule.next_run_at:
        return False
    log.info(
        "next run moved",
        schedule=schedule.pk,
        before=schedule.next_run_at,
        after=slots[0],
    )
    schedule.next_run_at = slots[0]
    return True
