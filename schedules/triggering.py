"""Runs by hand: trigger, retry. They never move `next_run_at`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from instances.access import accounts_with, require
from instances.changelog import note
from instances.default_connections import DefaultConnections
from instances.models import Role, User
from schedules.cancelling import account_of
from schedules.claiming.births import newborn
from schedules.errors import (
    AlreadyRetried,
    InvalidField,
    NoActiveTarget,
    NotFinished,
    Paused,
)
from schedules.models import Run, Target
from schedules.refusals import Refusal, missing_right, refusals, wanted_targets
from schedules.row_locks import locked, locked_targets
from schedules.states import FINAL_STATES, Trigger
from schedules.values import check_target
from workflows.lifecycle import newest_version
from workflows.windows import Window, resolve

__all__ = ["Outcome", "Refusal", "retry_run", "trigger_schedule"]


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

    Without `target_ids`: every target that is not paused. `force` overrides a pause,
    and the guard against a second run within the duplicate window. The number of
    queries does not depend on that of targets. Raises the first refusal when no target
    gets a run; Paused, InvalidField, InvalidWindow, InvalidParameter, NotPermitted.
    """
    schedule = locked(schedule_id)
    require(user, schedule.account_id, Role.EDITOR)
    if not schedule.is_active and not force:
        raise Paused
    if slot is not None and slot > now:
        raise InvalidField("A slot of the past is needed.", code="range", field="slot")
    targets = wanted_targets(schedule, target_ids, force=force)
    refused = refusals(schedule, targets, user=user, force=force, now=now)
    wanted = [target for target in targets if target.pk not in refused]
    if not wanted:
        raise next(iter(refused.values())).error if refused else NoActiveTarget()
    runs = _manual_runs(wanted, now=now, slot=slot or now, values=values, window=window)
    Run.objects.bulk_create(runs)
    note(schedule, f"by hand: {_named(runs)}", now=now)
    return Outcome(runs=tuple(runs), refused=tuple(refused.values()))


@transaction.atomic
def retry_run(run_id: int, *, user: User, now: datetime) -> Run:
    """A new run for the window of a finished one, with today's version and values.

    Raises NotFinished, AlreadyRetried while a retry is open, NoActiveTarget when its
    target is gone, InvalidParameter, InvalidWindow, NotPermitted.
    """
    old = Run.objects.select_related("schedule").get(pk=run_id)
    require(user, account_of(old), Role.EDITOR)
    if old.state not in FINAL_STATES:
        raise NotFinished
    target = _target_of(old)
    account_id = target.instance.account_id
    allowed = accounts_with(user, [account_id], Role.EDITOR)
    if error := missing_right(target, allowed):
        raise error
    if Run.objects.open().filter(retry_of=old).exists():
        raise AlreadyRetried
    window = _window_of(old)
    check_target(target, slot=old.scheduled_for, window=window)
    run = _newborn(
        target,
        Trigger.RETRY,
        now=now,
        slot=old.scheduled_for,
        connections=DefaultConnections([target.schedule]),
        window=window,
        zone=old.window_timezone if window else None,
    )
    run.retry_of = old
    run.save()
    note(target.schedule, f"by hand: run {run.pk}, a retry of {old.pk}", now=now)
    return run


def _target_of(run: Run) -> Target:
    """The run's target, its schedule locked. Raises NoActiveTarget."""
    if run.schedule is None:
        raise NoActiveTarget("This run belongs to no schedule; start a new test.")
    if run.schedule.deleted_at is not None:
        raise NoActiveTarget("The schedule of this run was deleted.")
    for target in locked_targets(locked(run.schedule.pk)):
        if target.pk == run.target_id:
            return target
    raise NoActiveTarget("The schedule does not run on this instance any more.")


def _window_of(run: Run) -> Window | None:
    if run.window_start is None or run.window_end is None:
        return None
    return Window(start=run.window_start, end=run.window_end)


def _manual_runs(
    targets: Sequence[Target],
    *,
    now: datetime,
    slot: datetime,
    values: Mapping[str, Any] | None,
    window: Window | None,
) -> list[Run]:
    """Runs of one schedule's targets, all of which can be sent."""
    for target in targets:
        _check_window(target, window, now=now)
        check_target(target, slot=slot, values=values, window=window)
    connections = DefaultConnections([targets[0].schedule])
    return [
        _newborn(
            target,
            Trigger.MANUAL,
            now=now,
            slot=slot,
            connections=connections,
            values=values,
            window=window,
        )
        for target in targets
    ]


def _check_window(target: Target, window: Window | None, *, now: datetime) -> None:
    """Dates that a person gave must be dates that Amazon has data for today."""
    if window is not None:
        fixed = {"kind": "fixed", "start": window.start, "end": window.end}
        resolve(fixed, now, target.dates_timezone)


def _newborn(
    target: Target,
    trigger: Trigger,
    *,
    now: datetime,
    slot: datetime,
    connections: DefaultConnections,
    values: Mapping[str, Any] | None = None,
    window: Window | None = None,
    zone: str | None = None,
) -> Run:
    schedule = target.schedule
    account_id = target.instance.account_id
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
        zone=zone,
    )


def _named(runs: Sequence[Run]) -> str:
    """Runs in few words."""
    if len(runs) == 1:
        return f"run {runs[0].pk}"
    return f"runs {runs[0].pk} to {runs[-1].pk}"
