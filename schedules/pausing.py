"""Pausing and resuming. Neither ever starts a past slot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Value, When

from instances.access import require
from instances.models import Role, User
from schedules import recurrence
from schedules.claiming.claims import claim_leftovers
from schedules.errors import AlreadyPaused, NoActiveTarget, NotPaused
from schedules.models import Run, Schedule, Target
from schedules.row_locks import locked, locked_target, locked_targets
from schedules.states import RunState, Trigger

OURS = ("failures", "access_denied")


@transaction.atomic
def pause_schedule(
    schedule_id: int, *, user: User, reason: str, now: datetime
) -> Schedule:
    """Stop a schedule. Runs of its slots that wait end; those at Amazon finish.

    Raises AlreadyPaused, NotPermitted.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    if not schedule.is_active:
        raise AlreadyPaused
    claim_leftovers(schedule, now=now, fate="schedule_paused")
    stop(schedule, cause="person", reason=reason, now=now)
    end_waiting(locked_targets(schedule), "schedule_paused", now=now)
    return schedule


def stop(schedule: Schedule, *, cause: str, reason: str, now: datetime) -> None:
    """Write the pause of a locked schedule: `cause` is a stable word."""
    schedule.is_active = False
    schedule.paused_at = now
    schedule.pause_cause = cause
    schedule.pause_reason = reason[:1000]
    schedule.next_run_at = None
    schedule.save()


@transaction.atomic
def resume_schedule(schedule_id: int, *, user: User, now: datetime) -> Schedule:
    """Let a schedule go on with its first slot after `now`.

    Targets that we paused (failures, access denied) resume with it; those that a
    person paused stay. Raises NotPaused, NoActiveTarget, NotPermitted.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    if schedule.is_active:
        raise NotPaused
    targets = locked_targets(schedule)
    for target in targets:
        if target.paused_at is None or target.pause_reason in OURS:
            _restart_target(target, now)
    if not any(target.paused_at is None for target in targets):
        raise NoActiveTarget
    _restart_schedule(schedule, now)
    return schedule


@transaction.atomic
def pause_target(target_id: int, *, user: User, reason: str, now: datetime) -> Target:
    """Stop one target; the others of its schedule go on.

    Raises AlreadyPaused, NotPermitted.
    """
    target = locked_target(target_id)
    require(user, target.instance.account_id, Role.EDITOR)
    if target.paused_at is not None:
        raise AlreadyPaused
    claim_leftovers(target.schedule, now=now, fate="dispatch")
    target.paused_at = now
    target.pause_reason = "person"
    target.pause_message = reason[:1000]
    target.save()
    end_waiting([target], "target_paused", now=now)
    return target


@transaction.atomic
def resume_target(target_id: int, *, user: User, now: datetime) -> Target:
    """Let a target go on, and its schedule when only the lack of targets stopped it.

    Raises NotPaused, NotPermitted.
    """
    target = locked_target(target_id)
    require(user, target.instance.account_id, Role.EDITOR)
    if target.paused_at is None:
        raise NotPaused
    schedule = target.schedule
    if schedule.is_active:
        claim_leftovers(schedule, now=now, fate="dispatch")
    _restart_target(target, now)
    if not schedule.is_active and schedule.pause_cause == "no_active_target":
        _restart_schedule(schedule, now)
    return target


def end_waiting(targets: Iterable[Target], reason: str, *, now: datetime) -> int:
    """R12: end the runs of slots that wait on these locked targets; count them.

    A run that has asked Amazon before is CANCELLED, the others are SKIPPED.
    """
    waiting = Run.objects.filter(
        target__in=[target.pk for target in targets],
        trigger=Trigger.SCHEDULE,
        state__in=[RunState.PENDING, RunState.WAITING],
    )
    return waiting.update(
        state=Case(
            When(execution=None, then=Value(RunState.SKIPPED.value)),
            default=Value(RunState.CANCELLED.value),
        ),
        reason=reason,
        next_action_at=None,
        finished_at=now,
    )


def _restart_target(target: Target, now: datetime) -> None:
    target.paused_at = None
    target.pause_reason = target.pause_message = ""
    target.consecutive_failures = 0
    target.counting_from = now
    target.save()


def _restart_schedule(schedule: Schedule, now: datetime) -> None:
    schedule.is_active = True
    schedule.paused_at = None
    schedule.pause_cause = schedule.pause_reason = ""
    (schedule.next_run_at,) = recurrence.fire_times(
        schedule.cron_expression, schedule.timezone, now, 1
    )
    schedule.save()
