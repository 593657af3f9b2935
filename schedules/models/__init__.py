"""When we run it: schedules, their targets, and every run there ever was."""

from __future__ import annotations

from schedules.models.runs import ACTIVE, IN_QUEUE, Run, RunEvent
from schedules.models.schedules import Schedule
from schedules.models.targets import Target

__all__ = ["ACTIVE", "IN_QUEUE", "Run", "RunEvent", "Schedule", "Target"]
