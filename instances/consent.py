"""Connecting: to Amazon's consent page and back, once, by the same person.

The `state` that goes with the browser is random, works once within ten minutes, and
only in the session of the user who was sent away. The database has its hash only.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.http import url_has_allowed_host_and_scheme

from instances import lwa
from instances.amc.client import AmcClient
from instances.amc.errors import AmcError
from instances.changelog import changing
from instances.connections import hold_application, keep, release_application
from instances.errors import (
    ApplicationHeld,
    ApplicationRefused,
    ConsentRefused,
    InvalidGrant,
    NotPermitted,
)
from instances.lwa import Tokens
from instances.models import Connection, ConsentRequest, Region, User
from instances.models.changes import Change
from instances.publishing import hurry
from instances.regions import addresses
from instances.task_names import SYNC_CONNECTION

log = structlog.get_logger(__name__)

CALLBACK_PATH = "/api/v1/connections/callback/"
HOME = "/connections"
LIFE = timedelta(minutes=10)
REMEMBERED = timedelta(days=1)  # so that a replay is told from an invention
LONGEST_PATH = 255
LONGEST_CODE = 2_048
LONGEST_ERROR = 100

UNKNOWN = "We did not send anybody to Amazon for this answer. Start again."
FOREIGN = "Somebody else, or another browser, was sent to Amazon for this answer."
REPLAYED = "This answer of Amazon was used already. Start again to connect once more."
OLD = "You were away for more than ten minutes. Start again."
DENIED = "You did not agree on Amazon's page, so nothing was connected."
NOT_OFFERED = "Amazon did not ask you; its word is in our log. Nothing was connected."
CODE_REFUSED = "Amazon did not accept its own answer. Start again."
NO_CODE = "Amazon's answer lacks the code that it should bring."
NO_REFRESH_TOKEN = "Amazon gave no lasting authorisation. Start again."  # noqa: S105 - a text
SOMEBODY_ELSE = (
    "You signed in to Amazon as somebody who reaches none of this connection's"
    " accounts. Sign in as before, or make a new connection."
)
BAD_PATH = "return_path must be a path on this site, at most 255 characters long."


def begin(
    user: User,
    session_key: str,
    *,
    region: Region,
    return_path: str = HOME,
    connection: Connection | None = None,
    now: datetime,
) -> str:
    """The URL of Amazon's page to send the browser to; `connection`: to reconnect it.

    Raises NotPermitted for another's connection, ConsentRefused for a bad path.
    """
    if connection is not None and connection.owner_id != user.pk:
        raise NotPermitted("Only its owner can reconnect a connection.")
    if not _is_local(return_path):
        raise ConsentRefused(BAD_PATH, code="return_path", field="return_path")
    ConsentRequest.objects.filter(created_at__lt=now - REMEMBERED).delete()
    state = secrets.token_urlsafe(32)
    ConsentRequest.objects.create(
        state_sha256=_sha256(state),
        user=user,
        session_key_sha256=_sha256(session_key),
        connection=connection,
        return_path=return_path,
        created_at=now,
    )
    return lwa.consent_url(region=region, redirect_uri=redirect_uri(), state=state)


def finish(
    user: User, session_key: str, state: str, code: str, *, now: datetime
) -> Connection:
    """The connection that the person agreed to: a new one, or the reconnected.

    Its accounts and instances are asked for by tasks soon afterwards. Raises
    ConsentRefused, ApplicationHeld, LwaUnavailable, and CredentialRefused for what was
    deleted meanwhile; nothing is stored then.
    """
    request = _use(user, session_key, state, now=now)
    if not 0 < len(code) <= LONGEST_CODE:
        raise ConsentRefused(NO_CODE, code="consent_no_code", field="code")
    tokens = _tokens(code, now=now)
    if request.connection and _is_somebody_elses(request.connection, tokens):
        raise ConsentRefused(SOMEBODY_ELSE, code="consent_other_person")
    release_application(now=now)  # Amazon has just accepted it
    with (
        transaction.atomic(),
        changing(user, Change.Origin.API, "connected at Amazon", now=now),
    ):
        connection = request.connection or Connection.objects.create(
            owner=user, created_at=now
        )
        keep(connection, tokens, now=now)
    hurry(SYNC_CONNECTION, connection.pk)
    connection.refresh_from_db()
    return connection


def decline(
    user: User, session_key: str, state: str, error: str, *, now: datetime
) -> None:
    """Amazon sent the person back with an `error`: always raises ConsentRefused."""
    _use(user, session_key, state, now=now)
    if error == "access_denied":
        raise ConsentRefused(DENIED, code="consent_denied")
    log.warning("consent not offered", user=user.pk, error=error[:LONGEST_ERROR])
    raise ConsentRefused(NOT_OFFERED, code="consent_failed")


def return_path(state: str) -> str:
    """Where in the web app the person set out."""
    request = ConsentRequest.objects.filter(state_sha256=_sha256(state)).first()
    return request.return_path if request else HOME


def redirect_uri() -> str:
    """Where Amazon sends people back to; must be registered there to the letter."""
    return f"{settings.PUBLIC_URL}{CALLBACK_PATH}"


def _use(user: User, session_key: str, state: str, *, now: datetime) -> ConsentRequest:
    """Use up the state, in one statement, so that of two callbacks one goes on."""
    asked = ConsentRequest.objects.filter(state_sha256=_sha256(state))
    used = asked.filter(
        user=user,
        session_key_sha256=_sha256(session_key),
        used_at=None,
        created_at__gt=now - LIFE,
    ).update(used_at=now)
    request = asked.select_related("connection").first()
    if request is None:
        raise ConsentRefused(UNKNOWN, code="consent_unknown", field="state")
    if not used:
        raise _refusal(request, user, session_key)
    return request


def _refusal(request: ConsentRequest, user: User, session_key: str) -> ConsentRefused:
    is_own = request.user_id == user.pk
    if not is_own or request.session_key_sha256 != _sha256(session_key):
        return ConsentRefused(FOREIGN, code="consent_foreign", field="state")
    if request.used_at:
        return ConsentRefused(REPLAYED, code="consent_used", field="state")
    return ConsentRefused(OLD, code="consent_expired", field="state")


def _tokens(code: str, *, now: datetime) -> Tokens:
    """A code is good at any region's host, so the nearest to most will do."""
    try:
        tokens = lwa.exchange_code(code, redirect_uri=redirect_uri(), region=Region.NA)
    except InvalidGrant as error:
        raise ConsentRefused(CODE_REFUSED, code="consent_code_refused") from error
    except ApplicationRefused as error:
        hold_application(error.message, now=now)
        raise ApplicationHeld(error.message) from error
    if tokens.refresh_token is None:
        raise ConsentRefused(NO_REFRESH_TOKEN, code="consent_no_refresh_token")
    return tokens


def _is_somebody_elses(connection: Connection, tokens: Tokens) -> bool:
    """Whether these tokens reach none of the accounts that the connection reached.

    Schedules would fail one after another. When Amazon does not say, it is allowed.
    """
    known = set(connection.accounts.values_list("account_id", "marketplace_id"))
    client = AmcClient(
        base_url=addresses(Region.NA).api,
        client_id=settings.LWA_CLIENT_ID,
        access_token=tokens.access_token,
    )
    try:
        reached = {(each.entity_id, each.marketplace_id) for each in client.accounts()}
    except AmcError:
        return False
    return bool(known) and not known & reached


def _is_local(path: str) -> bool:
    return (
        len(path) <= LONGEST_PATH
        and path.startswith("/")
        and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
