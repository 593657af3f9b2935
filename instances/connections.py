"""Connections: access tokens that work, new authorisations, and their end.

Amazon is asked meanwhile, so nothing here may be called inside a transaction, except
`keep` and `disconnect`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from instances import refreshing, vault
from instances.alarms import end_alarm
from instances.changelog import changing
from instances.errors import (
    ApplicationHeld,
    CredentialRefused,
    LwaUnavailable,
    UnreadableToken,
)
from instances.holds import (
    CONNECTION_HELD,
    connection_subject,
    hold,
    hold_application,
    is_application_held,
    release,
    release_application,
)
from instances.lwa import Tokens
from instances.models import Connection
from instances.models.changes import Change
from instances.moments import carried_on
from instances.timing import times

__all__ = [
    "access_token",
    "disconnect",
    "hold",
    "hold_application",
    "keep",
    "release",
    "release_application",
    "release_readable",
    "replaced_token",
    "retry_held_application",
]

LOOK_AGAIN = 0.1  # seconds, while another process refreshes
CANDIDATES = 5  # connections that a held application is tried with
NO_TIME = timedelta(0)


def access_token(connection_id: int, *, now: datetime) -> str:
    """A token that Amazon should accept, refreshed when it ends soon.

    Raises CredentialRefused, ApplicationHeld, LwaUnavailable.
    """
    return _token(connection_id, rejected="", clock=carried_on(now))


def replaced_token(connection_id: int, rejected: str, *, now: datetime) -> str:
    """Another token than the one that Amazon has just rejected.

    Raises CredentialRefused, ApplicationHeld, LwaUnavailable.
    """
    return _token(connection_id, rejected=rejected, clock=carried_on(now))


def keep(connection: Connection, tokens: Tokens, *, now: datetime) -> None:
    """Store a new authorisation, which lifts a hold. The caller signs the change.

    Raises CredentialRefused when the connection was deleted meanwhile.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if row.deleted_at:
            raise CredentialRefused("This connection was deleted.")
        for name, value in refreshing.sealed(row, tokens, now=now).items():
            setattr(row, name, value)
        row.refreshing_until, row.held_at, row.hold_reason = None, None, ""
        row.save()
        end_alarm(CONNECTION_HELD, connection_subject(row.pk), now=now)


def disconnect(connection: Connection, *, now: datetime) -> None:
    """Erase the tokens at once and delete softly. The caller signs the change."""
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        row.refresh_token = row.access_token = ""
        row.access_token_expires_at = row.refreshing_until = None
        row.token_version += 1
        row.deleted_at = row.deleted_at or now
        row.save()
        end_alarm(CONNECTION_HELD, connection_subject(row.pk), now=now)


def retry_held_application(now: datetime) -> bool:
    """Try one refresh while the application is held; success lifts the hold."""
    clock = carried_on(now)
    if not is_application_held():
        return False
    newest = F("refreshed_at").desc(nulls_last=True)
    candidates = Connection.objects.usable().exclude(refresh_token="")
    for connection in candidates.order_by(newest, "pk")[:CANDIDATES]:
        try:
            if (until := refreshing.claim(connection, now=clock())) is None:
                continue
            if refreshing.renew(connection, until, clock=clock):
                return release_application(now=clock())
        except CredentialRefused:  # says nothing of the application
            continue
        except (ApplicationHeld, LwaUnavailable):
            return False
    return False


def release_readable(now: datetime) -> int:
    """Release what was held because no key of ours could read it, and now one can.

    A worker started without an old key holds every connection that it touches; the
    key's return must not send all their owners to Amazon.
    """
    held = Connection.objects.filter(
        hold_reason=UnreadableToken().message, deleted_at=None
    )
    released = 0
    for connection in held:
        try:
            vault.unseal(connection.pk, connection.refresh_token)
        except UnreadableToken:
            continue
        reason = "the tokens can be read again"
        with changing(None, Change.Origin.SYSTEM, reason, now=now):
            released += release(connection.pk, now=now)
    return released


def _token(connection_id: int, *, rejected: str, clock: Callable[[], datetime]) -> str:
    give_up = clock() + times().refresh_lease
    while True:
        connection = _usable(connection_id)
        token, left = _kept(connection, rejected, now=clock())
        if left > times().refresh_early:
            return token
        try:
            renewed = _renewed(connection, clock)
        except (ApplicationHeld, LwaUnavailable):
            if left > NO_TIME:
                return token
            raise
        if renewed or left > NO_TIME:
            return renewed or token
        if clock() > give_up:
            raise LwaUnavailable("Another process has been refreshing for too long.")
        time.sleep(LOOK_AGAIN)


def _renewed(connection: Connection, clock: Callable[[], datetime]) -> str | None:
    """A new token; None while another process is about to store one."""
    if is_application_held():
        raise ApplicationHeld
    until = refreshing.claim(connection, now=clock())
    return refreshing.renew(connection, until, clock=clock) if until else None


def _usable(connection_id: int) -> Connection:
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or connection.deleted_at:
        raise CredentialRefused("This connection was deleted.")
    if connection.held_at:
        raise CredentialRefused(connection.hold_reason)
    return connection


def _kept(
    connection: Connection, rejected: str, *, now: datetime
) -> tuple[str, timedelta]:
    """The stored access token and how long it lives on; no time when there is none."""
    expires_at = connection.access_token_expires_at
    if not connection.access_token or expires_at is None:
        return "", NO_TIME
    try:
        token = vault.unseal(connection.pk, connection.access_token)
    except UnreadableToken:  # a refresh gets a readable one, or holds the connection
        return "", NO_TIME
    return (token, expires_at - now) if token != rejected else ("", NO_TIME)
