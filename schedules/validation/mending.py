"""Mending what a check of the configuration found, where that loses nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from schedules import recurrence
from schedules.claiming.claims import move_on
from schedules.errors import InvalidRecurrence
from schedules.models import Schedule


@transaction.atomic
def mend_next_runs(schedule_ids: Collection[int], *, now: datetime) -> list[int]:
    """Let active schedules go on with the first slot of their rule after `now`.

    What is due is left to the tick. Returns the ids of those that were moved.
    """
    rows = Schedule.objects.filter(pk__in=schedule_ids, is_active=True)
    locked = rows.select_for_update(no_key=True, of=("self",)).order_by("pk")
    moved = [schedule for schedule in locked if _moved(schedule, now)]
    move_on(moved)
    return [schedule.pk for schedule in moved]


def _moved(schedule: Schedule, now: datetime) -> bool:
    """Whether it goes on elsewhere now, which is written to the object."""
    if schedule.next_run_at is not None and schedule.next_run_at <= now:
        return False
    try:
        (first,) = recurrence.fire_times(
            schedule.cron_expression, schedule.timezone, now, 1
        )
    except InvalidRecurrence:
        return False
    before, schedule.next_run_at = schedule.next_run_at, first
    return before != first
