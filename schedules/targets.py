"""What people do to targets: add, edit, remove. The schedule's row is locked first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from instances.access import require
from instances.errors import AccountMissing
from instances.models import Instance, Role, User
from schedules.cancelling import cancel_locked_run
from schedules.errors import InvalidField, StillRunning
from schedules.models import Run, Schedule, Target
from schedules.states import RunState
from schedules.values import check_target
from workflows.zones import zone


def new_target(
    schedule: Schedule,
    instance: Instance,
    *,
    user: User,
    now: datetime,
    timezone: str = "",
    parameter_values: Mapping[str, Any] | None = None,
) -> Target:
    """Put a stored schedule on one more instance.

    Raises AccountMissing, NotPermitted, InvalidField, InvalidWindow, InvalidParameter.
    """
    if instance.account_id is None:
        raise AccountMissing(field="instances")
    require(user, instance.account_id, Role.EDITOR)
    target = Target(
        schedule=schedule,
        instance=instance,
        counting_from=now,
        created_at=now,
    )
    _write(target, timezone, parameter_values or {}, now=now)
    try:
        with transaction.atomic():
            target.save()
    except IntegrityError as error:
        raise InvalidField(
            f"The schedule has {instance} as a target already.", field="instances"
        ) from error
    return target


def edit_target(
    target: Target,
    *,
    timezone: str,
    parameter_values: Mapping[str, Any],
    user: User,
    now: datetime,
) -> Target:
    """Replace what a person wrote of a target whose schedule is locked."""
    require(user, target.instance.account_id, Role.EDITOR)
    _write(target, timezone, parameter_values, now=now)
    target.counting_from = now
    target.consecutive_failures = 0
    target.save()
    return target


def retire(target: Target, *, user: User, cancel: bool, now: datetime) -> None:
    """Hide a locked target for good and cancel what it still waits for.

    Raises StillRunning while a run is at Amazon, unless `cancel`.
    """
    open_runs = Run.objects.open().filter(target=target).order_by("id")
    for run in open_runs.select_for_update(no_key=True, of=("self",)):
        if run.state == RunState.RUNNING and not cancel:
            raise StillRunning
        cancel_locked_run(run, user=user, reason="deleted", now=now)
    target.deleted_at = now
    target.save()


def lock_targets(schedule: Schedule) -> list[Target]:
    """The schedule's targets, locked in the order of their ids."""
    rows = Target.objects.filter(schedule=schedule, deleted_at=None)
    rows = rows.select_for_update(no_key=True, of=("self",)).order_by("id")
    found = list(rows.select_related("instance"))
    for target in found:
        target.schedule = schedule
    return found


def count_from(target: Target, now: datetime) -> None:
    """Forget the failures of runs born before `now`."""
    target.counting_from = now
    target.consecutive_failures = 0
    target.save(update_fields=["counting_from", "consecutive_failures"])


def _write(
    target: Target, timezone: str, values: Mapping[str, Any], *, now: datetime
) -> None:
    if timezone:
        zone(timezone)
    target.timezone = timezone
    target.parameter_values = dict(values)
    check_target(target, slot=target.schedule.next_run_at or now)
