"""On which targets a run by hand may be started, and why not on the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from instances.access import accounts_with
from instances.errors import AccountMissing, InstancesError, NotPermitted
from instances.models import Role, User
from schedules.errors import InvalidField, Paused, RecentRun, SchedulesError
from schedules.models import Run, Schedule, Target
from schedules.row_locks import locked_targets
from schedules.states import RunState


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a target got no run."""

    target: Target
    error: SchedulesError | InstancesError


def wanted_targets(
    schedule: Schedule, target_ids: Collection[int] | None, *, force: bool
) -> list[Target]:
    """The targets asked for. Without a list: those that are not paused; if all are,
    `force` means all. Raises InvalidField for what is no target of the schedule."""
    targets = locked_targets(schedule)
    if target_ids is None:
        unpaused = [target for target in targets if target.paused_at is None]
        return unpaused or (targets if force else [])
    if unknown := sorted(set(target_ids) - {target.pk for target in targets}):
        text = f"This schedule has no target with the id {unknown[0]}."
        raise InvalidField(text, code="not_found", field="targets")
    return [target for target in targets if target.pk in set(target_ids)]


def refusals(
    schedule: Schedule,
    targets: Sequence[Target],
    *,
    user: User,
    force: bool,
    now: datetime,
) -> dict[int, Refusal]:
    """Why targets may have no run by hand now, by their id; two queries."""
    accounts = [target.instance.account_id for target in targets]
    allowed = accounts_with(user, accounts, Role.EDITOR)
    recent = {} if force else _recent_runs(schedule, targets, now=now)
    found: dict[int, Refusal] = {}
    for target in targets:
        obstacle = None if force else _obstacle(target, recent.get(target.pk))
        if error := missing_right(target, allowed) or obstacle:
            found[target.pk] = Refusal(target=target, error=error)
    return found


def missing_right(
    target: Target, allowed: Collection[int | None]
) -> InstancesError | None:
    """What is wrong with starting anything there; `allowed` are accounts."""
    account_id = target.instance.account_id
    if account_id is None:
        return AccountMissing()
    if account_id not in allowed:
        text = f"This needs the role editor in the account of {target.instance}."
        return NotPermitted(text)
    return None


def _obstacle(target: Target, recent_run: int | None) -> SchedulesError | None:
    """What `force` overrides."""
    if target.paused_at is not None:
        return Paused("The target is paused; resume it, or force the run.")
    if recent_run is not None:
        return RecentRun(recent_run, target.schedule.dedup_window_minutes)
    return None


def _recent_runs(
    schedule: Schedule, targets: Sequence[Target], *, now: datetime
) -> dict[int, int]:
    """The newest run that came within the duplicate window, by target."""
    since = now - timedelta(minutes=schedule.dedup_window_minutes)
    recent = Run.objects.filter(
        schedule=schedule, created_at__gt=since, target__in=targets
    ).exclude(state=RunState.SKIPPED)
    newest_last = recent.order_by("id").values_list("target_id", "id")
    return {target_id: run_id for target_id, run_id in newest_last if target_id}
