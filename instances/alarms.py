"""What a person should know: one open alarm per code and subject."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import connection
from django.db.models import QuerySet

from instances.models import Alarm

log = structlog.get_logger(__name__)

# One statement, so that of any number of processes one opens the alarm.
OPEN_UNLESS_OPEN = """
    INSERT INTO alarms (code, subject, facts, since)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""


def raise_alarm(
    code: str, subject: str, facts: Mapping[str, Any], *, now: datetime
) -> bool:
    """Open the alarm, with facts that fit into JSON. False when it is open already."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_UNLESS_OPEN, [code, subject, json.dumps(facts), now])
        is_new = bool(cursor.rowcount)
    if is_new:
        log.warning("alarm", code=code, subject=subject, facts=dict(facts))
    return is_new


def end_alarm(code: str, subject: str, *, now: datetime) -> bool:
    """End the alarm. False when none was open."""
    ended = open_alarms().filter(code=code, subject=subject).update(ended_at=now)
    if ended:
        log.info("alarm ended", code=code, subject=subject)
    return bool(ended)


def open_alarms() -> QuerySet[Alarm]:
    return Alarm.objects.filter(ended_at=None)
