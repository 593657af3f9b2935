"""Runs that serve a slot already, so that asking twice starts one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from schedules.models import Run
from schedules.states import OPEN_STATES, RunState, Trigger


def runs_for_slot(
    schedule_id: int, slot: datetime, *, target_ids: Collection[int] | None = None
) -> dict[int, Run]:
    """By target, the newest run of that slot that is open or succeeded; no tests."""
    runs = Run.objects.filter(
        schedule=schedule_id,
        scheduled_for=slot,
        target__isnull=False,
        state__in=[*OPEN_STATES, RunState.SUCCEEDED],
    ).exclude(trigger=Trigger.TEST)
    if target_ids is not None:
        runs = runs.filter(target__in=target_ids)
    found = runs.select_related("instance", "schedule").order_by("id")
    return {run.target_id: run for run in found if run.target_id is not None}
