"""Holds: what Amazon refuses for good is not asked again until a person acted.

A connection is held for its own refusal, the application for Amazon's refusal of our
id or secret. Each hold has one alarm, which ends with it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from instances.alarms import end_alarm, raise_alarm
from instances.changelog import changing
from instances.models import Connection, LwaApplication
from instances.models.changes import Change

CONNECTION_HELD = "connection_held"
APPLICATION_HELD = "application_held"
THE_APPLICATION = "application"
LONGEST_REASON = 255  # of the column


def hold(
    connection_id: int, reason: str, *, now: datetime, version: int | None = None
) -> bool:
    """Hold the connection and raise its alarm. False when there is nothing to hold.

    `version` is that of the token that was refused: a connection that has a newer one
    by now, because its owner connected again, is left alone.
    """
    with transaction.atomic(), changing(None, Change.Origin.SYSTEM, reason, now=now):
        usable = (
            Connection.objects.usable()
            .select_for_update(no_key=True)
            .filter(pk=connection_id)
        )
        connection = usable.first()
        if connection is None or version not in (None, connection.token_version):
            return False
        connection.held_at = now
        connection.hold_reason = reason[:LONGEST_REASON]
        connection.refreshing_until = None
        connection.save(update_fields=["held_at", "hold_reason", "refreshing_until"])
        facts = {"connection": connection_id, "owner": connection.owner_id}
        raise_alarm(
            CONNECTION_HELD,
            connection_subject(connection_id),
            {**facts, "reason": reason},
            now=now,
        )
    return True


def release(connection_id: int, *, now: datetime) -> bool:
    """Lift the hold and end its alarm. False when the connection was not held.

    The change is signed by whoever is `changing` things.
    """
    with transaction.atomic():
        connection = (
            Connection.objects.select_for_update(no_key=True)
            .filter(pk=connection_id, held_at__isnull=False)
            .first()
        )
        if connection is None:
            return False
        connection.held_at = None
        connection.hold_reason = ""
        connection.save(update_fields=["held_at", "hold_reason"])
        end_alarm(CONNECTION_HELD, connection_subject(connection_id), now=now)
    return True


def hold_application(reason: str, *, now: datetime) -> None:
    """Stop all refreshing, and raise one alarm that blames no connection."""
    with transaction.atomic():
        LwaApplication.objects.get_or_create(id=1)
        LwaApplication.objects.filter(id=1, held_at=None).update(
            held_at=now, hold_reason=reason[:LONGEST_REASON]
        )
        raise_alarm(APPLICATION_HELD, THE_APPLICATION, {"reason": reason}, now=now)


def release_application(*, now: datetime) -> bool:
    """Lift the hold and end its alarm. False when the application was not held."""
    with transaction.atomic():
        held = LwaApplication.objects.filter(held_at__isnull=False)
        released = bool(held.update(held_at=None, hold_reason=""))
        end_alarm(APPLICATION_HELD, THE_APPLICATION, now=now)
    return released


def is_application_held() -> bool:
    return LwaApplication.objects.filter(held_at__isnull=False).exists()


def connection_subject(connection_id: int) -> str:
    return f"connection {connection_id}"
