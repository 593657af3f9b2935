"""What staff may do to schedules and targets from their lists, as people do it."""

from __future__ import annotations

from datetime import datetime

from instances.admin.confirming import Deed
from instances.models import User
from instances.publishing import hurry
from schedules.pausing import (
    pause_schedule,
    pause_target,
    resume_schedule,
    resume_target,
)
from schedules.task_names import EXECUTE_RUN
from schedules.triggering import trigger_schedule


def _pause_schedule(row_id: int, user: User, reason: str, now: datetime) -> None:
    pause_schedule(row_id, user=user, reason=reason, now=now)


def _resume_schedule(row_id: int, user: User, reason: str, now: datetime) -> None:
    resume_schedule(row_id, user=user, now=now)


def _run_schedule(row_id: int, user: User, reason: str, now: datetime) -> None:
    for run in trigger_schedule(row_id, user=user, now=now).runs:
        hurry(EXECUTE_RUN, run.pk)


def _pause_target(row_id: int, user: User, reason: str, now: datetime) -> None:
    pause_target(row_id, user=user, reason=reason, now=now)


def _resume_target(row_id: int, user: User, reason: str, now: datetime) -> None:
    resume_target(row_id, user=user, now=now)


PAUSE_SCHEDULES = Deed(
    action="pause",
    verb="Pause",
    done="paused",
    consequence="Runs of slots that wait end as skipped; those at Amazon finish.",
    perform=_pause_schedule,
)
RESUME_SCHEDULES = Deed(
    action="resume",
    verb="Resume",
    done="resumed",
    consequence="They go on with their next slot from now; nothing missed is run.",
    perform=_resume_schedule,
)
RUN_SCHEDULES = Deed(
    action="run_now",
    verb="Run now",
    done="started",
    consequence="One run for each target that is not paused. The calendar stays.",
    perform=_run_schedule,
)
PAUSE_TARGETS = Deed(
    action="pause",
    verb="Pause",
    done="paused",
    consequence="The other targets of their schedules go on.",
    perform=_pause_target,
)
RESUME_TARGETS = Deed(
    action="resume",
    verb="Resume",
    done="resumed",
    consequence="They go on with their schedules' next slot; failures are forgotten.",
    perform=_resume_target,
)
