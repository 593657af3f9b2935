"""What people do to targets: add, edit, remove."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from instances.access import require
from instances.errors import AccountMissing
from instances.models import Instance, Role, User
from instances.zones import zone
from schedules.cancelling import cancel_locked_run
from schedules.claiming.claims import claim_leftovers
from schedules.errors import InvalidField, StillRunning
from schedules.models import Run, Schedule, Target
from schedules.row_locks import locked, locked_target
from schedules.states import RunState
from schedules.values import check_target


@transaction.atomic
def add_target(
    schedule_id: int,
    *,
    instance: Instance,
    timezone: str = "",
    parameter_values: Mapping[str, Any] | None = None,
    user: User,
    now: datetime,
) -> Target:
    """Put a schedule on one more instance; slots already due are the others' alone.

    Raises as `new_target`.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    claim_leftovers(schedule, now=now, fate="dispatch")
    _raise_revision(schedule, now)
    return new_target(
        schedule,
        instance,
        user=user,
        now=now,
        timezone=timezone,
        parameter_values=parameter_values,
    )


@transaction.atomic
def edit_target(
    target_id: int,
    *,
    user: User,
    now: datetime,
    timezone: str | None = None,
    parameter_values: Mapping[str, Any] | None = None,
    instance: Instance | None = None,
) -> Target:
    """Change the zone of a target's dates or its values; slots already due keep theirs.

    Raises InvalidField for another instance, and as `new_target`.
    """
    target = locked_target(target_id)
    if instance is not None and instance.pk != target.instance_id:
        raise InvalidField("Add a target for another instance.", field="instance")
    claim_leftovers(target.schedule, now=now, fate="dispatch")
    _raise_revision(target.schedule, now)
    require(user, target.instance.account_id, Role.EDITOR)
    _write(
        target,
        target.timezone if timezone is None else timezone,
        target.parameter_values if parameter_values is None else parameter_values,
        now=now,
    )
    count_from(target, now)
    target.save()
    return target


@transaction.atomic
def remove_target(
    target_id: int, *, user: User, cancel: bool = False, now: datetime
) -> None:
    """Take a schedule off an instance; its history stays.

    Raises StillRunning unless `cancel`, NotPermitted.
    """
    target = locked_target(target_id)
    require(user, target.instance.account_id, Role.EDITOR)
    claim_leftovers(target.schedule, now=now, fate="dispatch")
    retire(target, user=user, cancel=cancel, now=now)
    _raise_revision(target.schedule, now)


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


def _raise_revision(schedule: Schedule, now: datetime) -> None:
    schedule.revision += 1
    schedule.updated_at = now
    schedule.save()
