"""Rows locked in the one order: schedule, targets by id, runs, executions."""

from __future__ import annotations

from schedules.models import Schedule, Target


def locked(schedule_id: int) -> Schedule:
    """The schedule's row, locked until the transaction ends."""
    rows = Schedule.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("workflow__version").get(pk=schedule_id, deleted_at=None)


def locked_target(target_id: int) -> Target:
    """The target, locked with its schedule and, for their order, its siblings."""
    found = Target.objects.get(pk=target_id, deleted_at=None)
    for target in locked_targets(locked(found.schedule_id)):
        if target.pk == target_id:
            return target
    raise Target.DoesNotExist


def locked_targets(schedule: Schedule) -> list[Target]:
    """The schedule's targets, locked in the order of their ids."""
    rows = Target.objects.filter(schedule=schedule, deleted_at=None)
    rows = rows.select_for_update(no_key=True, of=("self",)).order_by("id")
    found = list(rows.select_related("instance"))
    for target in found:
        target.schedule = schedule
    return found
