"""How a run is born: values merged, window resolved, everything copied onto it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instances.errors import DomainError
from instances.timing import times
from instances.zones import zone as zone_of
from schedules.models import Run, Schedule, Target
from schedules.states import OverlapPolicy, Priority, RunState, Trigger
from workflows import parameters
from workflows.windows import Window, resolve

# The overlap policy is about slots and people's runs, not about these.
NEVER_EXCLUSIVE = (Trigger.BACKFILL, Trigger.TEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a run asks for. `problem` says why window or values are not resolved."""

    window: Window | None
    values: Mapping[str, Any]
    problem: str = ""


def newborn(
    *,
    schedule: Schedule,
    target: Target,
    version_id: int,
    connection_id: int | None,
    account_id: int | None,
    trigger: str,
    scheduled_for: datetime,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    window: Window | None = None,
    zone: str | None = None,
    state: str = RunState.PENDING,
    reason: str = "",
    next_action_at: datetime | None = None,
    give_up_at: datetime | None = None,
    exclusive: bool | None = None,
    **columns: Any,
) -> Run:
    """A run that is not stored yet, for a target whose instance is at hand.

    `values` and `window` are the run's own; `columns` are taken as they are. A window
    that cannot be resolved stays NULL, values that cannot be evaluated stay as they
    are written, `message` says why, and `execute_run` fails the run. Asks the
    database nothing when `schedule.workflow` and `target.instance` are loaded.
    """
    zone = zone or target.dates_timezone
    question = _question(
        schedule, target, scheduled_for, zone=zone, values=values or {}, window=window
    )
    if exclusive is None:
        exclusive = is_exclusive(schedule, trigger)
    return Run(
        schedule_id=schedule.pk,
        target_id=target.pk,
        schedule_revision=schedule.revision,
        workflow_version_id=version_id,
        instance_id=target.instance_id,
        account_id=account_id,
        connection_id=connection_id,
        owner_id=schedule.owner_id,
        trigger=trigger,
        scheduled_for=scheduled_for,
        window_start=question.window.start if question.window else None,
        window_end=question.window.end if question.window else None,
        window_timezone=zone,
        parameter_values=question.values,
        time_limit_seconds=schedule.time_limit_seconds,
        exclusive=exclusive,
        priority=Priority.BACKFILL if trigger == Trigger.BACKFILL else Priority.LIVE,
        max_attempts=schedule.max_attempts,
        state=state,
        reason=reason,
        message=question.problem,
        next_action_at=next_action_at or _next_look(state, trigger, now),
        give_up_at=give_up_at,
        created_at=now,
        finished_at=now if state == RunState.SKIPPED else None,
        **columns,
    )


def is_exclusive(schedule: Schedule, trigger: str) -> bool:
    """Whether such a run keeps its target for itself."""
    is_allowed_beside = schedule.overlap_policy == OverlapPolicy.ALLOW
    return not is_allowed_beside and trigger not in NEVER_EXCLUSIVE


def _question(
    schedule: Schedule,
    target: Target,
    scheduled_for: datetime,
    *,
    zone: str,
    values: Mapping[str, Any],
    window: Window | None,
) -> Question:
    merged = parameters.merge(
        schedule.workflow.parameter_values,
        schedule.parameter_values,
        target.parameter_values,
        values,
    )
    try:
        window = window or resolve(schedule.window_rule, scheduled_for, zone)
        slot_date = scheduled_for.astimezone(zone_of(zone)).date()
        evaluated = parameters.evaluate(merged, window, slot_date)
    except DomainError as error:
        return Question(window=window, values=merged, problem=error.message)
    return Question(window=window, values=evaluated)


def _next_look(state: str, trigger: str, now: datetime) -> datetime | None:
    """When the run is looked at again: a slot's message follows at once by itself."""
    if state == RunState.WAITING:
        return now + times().overlap_look
    if state == RunState.PENDING:
        return now + times().hint_again if trigger == Trigger.SCHEDULE else now
    return None
