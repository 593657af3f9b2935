"""What people do to targets: add, edit, remove."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from instances.access import require, require_all
from instances.changelog import record_created
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
from workflows.lifecycle import refuse_stale


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

    Raises as `new_targets`.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    claim_leftovers(schedule, now=now, fate="dispatch")
    _raise_revision(schedule, now)
    (target,) = new_targets(
        schedule,
        [instance],
        user=user,
        now=now,
        timezone=timezone,
        parameter_values=parameter_values,
        field="instance",
    )
    return target


@transaction.atomic
def edit_target(
    target_id: int,
    *,
    user: User,
    now: datetime,
    timezone: str | None = None,
    parameter_values: Mapping[str, Any] | None = None,
    instance: Instance | None = None,
    revision: int | None = None,
) -> Target:
    """Change the zone of a target's dates or its values; slots already due keep theirs.

    `revision` is that of the schedule which the person saw; None skips the comparison.
    Raises InvalidField for another instance, StaleRevision, and as `new_targets`.
    """
    target = locked_target(target_id)
    require(user, target.instance.account_id, Role.EDITOR)
    refuse_stale(target.schedule.revision, revision)
    if instance is not None and instance.pk != target.instance_id:
        raise InvalidField("Add a target for another instance.", field="instance")
    claim_leftovers(target.schedule, now=now, fate="dispatch")
    _raise_revision(target.schedule, now)
    _write(
        target,
        target.timezone if timezone is None else timezone,
        target.parameter_values if parameter_values is None else parameter_values,
        now=now,
    )
    target.counting_from, target.consecutive_failures = now, 0
    target.save()
    return target


@transaction.atomic
def remove_target(
    target_id: int,
    *,
    user: User,
    cancel: bool = False,
    revision: int | None = None,
    now: datetime,
) -> None:
    """Take a schedule off an instance; its history stays.

    Raises StillRunning unless `cancel`, NotPermitted, StaleRevision.
    """
    target = locked_target(target_id)
    require(user, target.instance.account_id, Role.EDITOR)
    refuse_stale(target.schedule.revision, revision)
    claim_leftovers(target.schedule, now=now, fate="dispatch")
    retire(target, user=user, cancel=cancel, now=now)
    _raise_revision(target.schedule, now)


def new_targets(
    schedule: Schedule,
    instances: Sequence[Instance],
    *,
    user: User,
    now: datetime,
    timezone: str = "",
    parameter_values: Mapping[str, Any] | None = None,
    field: str = "instances",
) -> list[Target]:
    """Put a stored, locked schedule on more instances; `field` named them.

    Raises AccountMissing, NotPermitted, InvalidField, InvalidWindow, InvalidParameter.
    """
    _refuse_instances(schedule, instances, field)
    require_all(user, [each.account_id for each in instances], Role.EDITOR)
    created = [
        Target(schedule=schedule, instance=each, counting_from=now, created_at=now)
        for each in instances
    ]
    for target in created:
        _write(target, timezone, parameter_values or {}, now=now)
    Target.objects.bulk_create(created)
    record_created(created, now=now)
    return created


def _refuse_instances(
    schedule: Schedule, instances: Sequence[Instance], field: str
) -> None:
    for instance in instances:
        if instance.account_id is None:
            raise AccountMissing(field=field)
    rows = Target.objects.filter(schedule=schedule, deleted_at=None)
    seen = {target.instance_id for target in rows.filter(instance__in=instances)}
    for instance in instances:
        if instance.pk in seen:
            text = f"{instance} would be a target of this schedule twice."
            raise InvalidField(text, code="duplicate", field=field)
        seen.add(instance.pk)


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


def count_from(targets: Iterable[Target], now: datetime) -> None:
    """Let the failures of runs born before `now` count no more, for locked targets."""
    rows = Target.objects.filter(pk__in=[target.pk for target in targets])
    rows.update(counting_from=now, consecutive_failures=0)


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
