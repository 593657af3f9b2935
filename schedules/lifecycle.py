"""What people do to schedules: create, edit, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from instances.access import require
from instances.models import Connection, Instance, Role, User
from schedules import recurrence, targets
from schedules.claiming.claims import claim_leftovers
from schedules.errors import InvalidField
from schedules.models import Schedule
from schedules.row_locks import locked, locked_targets
from schedules.states import MissedPolicy, OverlapPolicy
from schedules.values import check_target
from workflows.lifecycle import refuse_stale
from workflows.models import Workflow
from workflows.windows import check_rule


@dataclass(frozen=True, kw_only=True)
class ScheduleFields:
    """Everything of a schedule that a person writes."""

    name: str
    cron_expression: str
    timezone: str = "UTC"
    window_rule: Mapping[str, Any]
    parameter_values: Mapping[str, Any] = field(default_factory=dict)
    connection: Connection | None = None
    missed_policy: str = MissedPolicy.LATEST
    catch_up_limit: int = 10
    overlap_policy: str = OverlapPolicy.SKIP
    dedup_window_minutes: int = 5
    max_failures: int = 5
    max_attempts: int = 3
    time_limit_seconds: int = 21_600


WRITTEN = tuple(ScheduleFields.__dataclass_fields__)
# From, to (inclusive), in the unit of the name.
LIMITS = {
    "catch_up_limit": (1, 100),
    "dedup_window_minutes": (0, 1_440),
    "max_failures": (1, 100),
    "max_attempts": (1, 10),
    "time_limit_seconds": (900, 86_400),
}


@transaction.atomic
def create_schedule(
    fields: ScheduleFields,
    *,
    workflow: Workflow,
    instances: Sequence[Instance] = (),
    user: User,
    now: datetime,
) -> Schedule:
    """Store an active schedule with one target per instance.

    Without instances it has one target: its workflow's instance. The number of queries
    does not depend on theirs. Raises InvalidRecurrence, InvalidWindow,
    InvalidParameter, InvalidField, AccountMissing, NotPermitted; then nothing is
    stored.
    """
    workflow = _kept(workflow)
    require(user, workflow.account_id, Role.EDITOR)
    schedule = Schedule(
        account_id=workflow.account_id, workflow=workflow, owner=user, created_at=now
    )
    _write(schedule, fields, user=user, now=now)
    schedule.next_run_at = _first_slot(schedule, now)
    schedule.save()
    chosen = instances or [workflow.instance]
    targets.new_targets(schedule, chosen, user=user, now=now)
    return schedule


@transaction.atomic
def edit_schedule(
    schedule_id: int,
    changes: Mapping[str, Any],
    *,
    user: User,
    revision: int | None,
    now: datetime,
) -> Schedule:
    """Change these of ScheduleFields; slots already due keep the old rule.

    An edit never starts a past slot: a new rule begins after `now`. Runs born before
    keep their version, values and window, and no longer count as failures. Raises as
    `create_schedule`, and StaleRevision.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    refuse_stale(schedule.revision, revision)
    claim_leftovers(schedule, now=now, fate="dispatch")
    rule = (schedule.cron_expression, schedule.timezone)
    _write(schedule, replace(_fields_of(schedule), **changes), user=user, now=now)
    if schedule.is_active and rule != (schedule.cron_expression, schedule.timezone):
        schedule.next_run_at = _first_slot(schedule, now)
    schedule.revision += 1
    schedule.save()
    kept = locked_targets(schedule)
    for target in kept:
        check_target(target, slot=schedule.next_run_at or now)
    targets.count_from(kept, now)
    return schedule


@transaction.atomic
def delete_schedule(
    schedule_id: int,
    *,
    user: User,
    revision: int | None,
    cancel: bool = False,
    now: datetime,
) -> None:
    """Hide a schedule for good; its history stays.

    What waits is cancelled. Raises StillRunning while runs are at Amazon, unless
    `cancel` asks for their end too; NotPermitted; StaleRevision.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.ADMIN)
    refuse_stale(schedule.revision, revision)
    claim_leftovers(schedule, now=now, fate="schedule_paused")
    for target in locked_targets(schedule):
        targets.retire(target, user=user, cancel=cancel, now=now)
    schedule.is_active = False
    schedule.next_run_at = None
    schedule.paused_at = schedule.paused_at or now
    schedule.deleted_at = now
    schedule.revision += 1
    schedule.save()


def refuse_fixed(schedule: Schedule, changes: Mapping[str, Any]) -> None:
    """Raise InvalidField for what is chosen once, at creation."""
    if changes.get("workflow", schedule.workflow) != schedule.workflow:
        raise InvalidField(
            "Make a new schedule for another workflow.", field="workflow"
        )
    if "instances" in changes:
        raise InvalidField("Add or remove targets instead.", field="instances")


def _fields_of(schedule: Schedule) -> ScheduleFields:
    """What a person wrote, as it stands."""
    return ScheduleFields(**{name: getattr(schedule, name) for name in WRITTEN})


def _write(
    schedule: Schedule, fields: ScheduleFields, *, user: User, now: datetime
) -> None:
    _check(fields, user=user, kept=schedule.connection_id)
    for name in WRITTEN:
        setattr(schedule, name, getattr(fields, name))
    schedule.cron_expression = recurrence.validate(
        fields.cron_expression, fields.timezone
    )
    schedule.updated_at = now


def _check(fields: ScheduleFields, *, user: User, kept: int | None) -> None:
    if not fields.name.strip():
        raise InvalidField("Give the schedule a name.", field="name")
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(fields, name) <= most:
            text = f"Use a number from {least} to {most}."
            raise InvalidField(text, code="range", field=name)
    check_rule(fields.window_rule)
    connection = fields.connection
    if connection and connection.pk != kept and connection.owner_id != user.pk:
        raise InvalidField("Use a connection of your own.", field="connection")


def _kept(workflow: Workflow) -> Workflow:
    """The row, locked so that nobody deletes it while it gets a schedule."""
    rows = Workflow.objects.select_for_update(no_key=True, of=("self",))
    related = rows.select_related("version", "instance")
    return related.get(pk=workflow.pk, deleted_at=None)


def _first_slot(schedule: Schedule, now: datetime) -> datetime:
    """The first moment strictly after `now`: nothing past is ever started."""
    (first,) = recurrence.fire_times(
        schedule.cron_expression, schedule.timezone, now, 1
    )
    return first
