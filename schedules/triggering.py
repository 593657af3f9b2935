"""Runs by hand: trigger, retry. They never move `next_run_at`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from instances.access import require
from instances.errors import AccountMissing, InstancesError
from instances.models import Role, User
from schedules.claiming.births import newborn
from schedules.claiming.default_connections import DefaultConnections
from schedules.errors import (
    AlreadyRetried,
    NoActiveTarget,
    NotFinished,
    Paused,
    RecentRun,
    SchedulesError,
)
from schedules.models import Run, Schedule, Target
from schedules.row_locks import locked, locked_targets
from schedules.states import FINAL_STATES, RunState, Trigger
from schedules.values import check_target
from workflows.lifecycle import newest_version
from workflows.windows import Window


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a target got no run."""

    target: Target
    error: SchedulesError | InstancesError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a request: runs started, targets refused."""

    runs: tuple[Run, ...]
    refused: tuple[Refusal, ...]


@transaction.atomic
def trigger_schedule(
    schedule_id: int,
    *,
    user: User,
    now: datetime,
    target_ids: Collection[int] | None = None,
    values: Mapping[str, Any] | None = None,
    window: Window | None = None,
    slot: datetime | None = None,
    force: bool = False,
) -> Outcome:
    """One run per target, by hand. `slot` gives the moment whose dates are asked for.

    Without `target_ids`: every target that is not paused. `force` overrides a pause
    and the guard against a second run within the duplicate window. Raises the first
    refusal when no target gets a run; InvalidWindow and InvalidParameter.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    if not schedule.is_active and not force:
        raise Paused
    started: list[Run] = []
    refused: list[Refusal] = []
    for target in _wanted(schedule, target_ids, force=force):
        try:
            _refuse_target(target, user=user, force=force, now=now)
        except (SchedulesError, InstancesError) as error:
            refused.append(Refusal(target=target, error=error))
            continue
        started.append(
            _manual_run(
                target,
                now=now,
                slot=slot or now,
                values=values or {},
                window=window,
            )
        )
    if not started:
        raise refused[0].error if refused else NoActiveTarget()
    Run.objects.bulk_create(started)
    return Outcome(runs=tuple(started), refused=tuple(refused))


@transaction.atomic
def retry_run(run_id: int, *, user: User, now: datetime) -> Run:
    """A new run for the window of a finished one, with today's version and values.

    Raises NotFinished, AlreadyRetried while a retry is open, NotPermitted.
    """
    old = Run.objects.select_related("target__instance", "schedule").get(pk=run_id)
    require(user, old.account_id, Role.EDITOR)
    if old.state not in FINAL_STATES:
        raise NotFinished
    if old.target is None or old.schedule is None:
        raise NoActiveTarget("This run belongs to no schedule; start a new test.")
    schedule = locked(old.schedule.pk)
    if Run.objects.open().filter(retry_of=old).exists():
        raise AlreadyRetried
    old.target.schedule = schedule
    window = (
        Window(start=old.window_start, end=old.window_end)
        if old.window_start and old.window_end
        else None
    )
    run = _newborn(
        old.target, Trigger.RETRY, now=now, slot=old.scheduled_for, window=window
    )
    run.retry_of = old
    run.save()
    return run


def _wanted(
    schedule: Schedule, target_ids: Collection[int] | None, *, force: bool
) -> list[Target]:
    """The targets asked for; without a list, those that are not paused."""
    targets = locked_targets(schedule)
    if target_ids is None:
        return [target for target in targets if force or target.paused_at is None]
    return [target for target in targets if target.pk in set(target_ids)]


def _refuse_target(target: Target, *, user: User, force: bool, now: datetime) -> None:
    """Raise why this target may have no run by hand now."""
    if target.instance.account_id is None:
        raise AccountMissing
    require(user, target.instance.account_id, Role.EDITOR)
    if force:
        return
    if target.paused_at is not None:
        raise Paused("The target is paused; resume it, or force the run.")
    minutes = target.schedule.dedup_window_minutes
    recent = (
        Run.objects.filter(
            target=target, created_at__gt=now - timedelta(minutes=minutes)
        )
        .exclude(state=RunState.SKIPPED)
        .order_by("-id")
        .first()
    )
    if recent:
        raise RecentRun(recent.pk, minutes)


def _manual_run(
    target: Target,
    *,
    now: datetime,
    slot: datetime,
    values: Mapping[str, Any],
    window: Window | None,
) -> Run:
    check_target(target, slot=slot, values=values, window=window)
    return _newborn(
        target, Trigger.MANUAL, now=now, slot=slot, values=values, window=window
    )


def _newborn(
    target: Target,
    trigger: Trigger,
    *,
    now: datetime,
    slot: datetime,
    values: Mapping[str, Any] | None = None,
    window: Window | None = None,
) -> Run:
    schedule = target.schedule
    account_id = target.instance.account_id
    connections = DefaultConnections([schedule])
    return newborn(
        schedule=schedule,
        target=target,
        version_id=newest_version(schedule.workflow).pk,
        connection_id=connections.connection_id(schedule, account_id),
        account_id=account_id,
        trigger=trigger,
        scheduled_for=slot,
        now=now,
        values=values,
        window=window,
    )
