"""The admin of `schedules`."""

from __future__ import annotations

from instances.admin.changes import register_changes
from schedules.admin import runs, schedules, targets
from schedules.models import Schedule, Target

register_changes(Schedule, Target)

__all__ = ["runs", "schedules", "targets"]
