"""Schedules whose rule cannot be read: paused for everybody to see."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from instances.changelog import changing
from instances.models import Change
from schedules.claiming.claims import Broken
from schedules.models import Schedule
from schedules.pausing import end_waiting, stop
from schedules.row_locks import locked_targets

log = structlog.get_logger(__name__)


@transaction.atomic
def pause_unreadable(broken: Broken, *, now: datetime) -> bool:
    """Pause it with the reason. False when it was mended or paused meanwhile."""
    rows = Schedule.objects.select_for_update(
        no_key=True, skip_locked=True, of=("self",)
    )
    schedule = rows.filter(
        pk=broken.schedule_id,
        is_active=True,
        cron_expression=broken.cron,
        timezone=broken.timezone,
    ).first()
    if schedule is None:
        return False
    with changing(None, Change.Origin.SYSTEM, broken.reason, now=now):
        stop(schedule, cause="invalid", reason=broken.reason, now=now)
    end_waiting(locked_targets(schedule), "schedule_paused", now=now)
    log.warning("schedule paused", schedule=schedule.pk, reason=broken.reason)
    return True
