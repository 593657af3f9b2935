"""One refresh of one connection: claimed, asked for, and stored or judged.

A claim is an UPDATE that names the version of the tokens that were read; nothing is
locked while Amazon is asked. A lease that ran out costs a second refresh, never a
wrong token.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q

from instances import lwa, vault
from instances.errors import (
    ApplicationHeld,
    ApplicationRefused,
    CredentialRefused,
    InvalidGrant,
    LwaUnavailable,
    UnreadableToken,
)
from instances.fault_points import fault_point
from instances.holds import hold, hold_application
from instances.lwa import Tokens
from instances.models import Connection, Region
from instances.timing import times


def claim(connection: Connection, *, now: datetime) -> datetime | None:
    """Until when the refresh of these tokens is ours; None while it is another's."""
    until = now + times().refresh_lease
    free = Q(refreshing_until=None) | Q(refreshing_until__lte=now)
    claimed = _as_read(connection).filter(free).update(refreshing_until=until)
    return until if claimed else None


def renew(
    connection: Connection, until: datetime, *, clock: Callable[[], datetime]
) -> str | None:
    """A new access token, stored; None when the tokens were replaced meanwhile.

    Raises CredentialRefused (the connection is held now), ApplicationHeld (the
    application is), LwaUnavailable.
    """
    try:
        tokens = lwa.refresh(
            vault.unseal(connection.pk, connection.refresh_token), _region(connection)
        )
    except (InvalidGrant, UnreadableToken) as refusal:
        version = connection.token_version
        if hold(connection.pk, refusal.message, now=clock(), version=version):
            raise CredentialRefused(refusal.message) from refusal
        return None
    except ApplicationRefused as refusal:
        hold_application(refusal.message, now=clock())
        _give_back(connection, until)
        raise ApplicationHeld(refusal.message) from refusal
    except LwaUnavailable:
        _give_back(connection, until)
        raise
    fault_point("refreshed-unstored")
    is_stored = _as_read(connection).update(
        **sealed(connection, tokens, now=clock()), refreshing_until=None
    )
    return tokens.access_token if is_stored else None


def sealed(connection: Connection, tokens: Tokens, *, now: datetime) -> dict[str, Any]:
    """The columns of `tokens`; an answer without refresh token keeps the old one."""
    columns = {
        "access_token": vault.seal(connection.pk, tokens.access_token),
        "access_token_expires_at": now + tokens.lifetime,
        "token_version": connection.token_version + 1,
        "refreshed_at": now,
    }
    if tokens.refresh_token is not None:
        columns["refresh_token"] = vault.seal(connection.pk, tokens.refresh_token)
    return columns


def _as_read(connection: Connection) -> Any:
    """The row, as long as it has the tokens that we read and may be used."""
    return Connection.objects.usable().filter(
        pk=connection.pk, token_version=connection.token_version
    )


def _give_back(connection: Connection, until: datetime) -> None:
    """Let the next one try at once, unless the lease is another's by now."""
    _as_read(connection).filter(refreshing_until=until).update(refreshing_until=None)


def _region(connection: Connection) -> Region:
    """That of one of its accounts: any region's host knows the token."""
    account = connection.accounts.order_by("pk").first()
    return Region(account.region) if account else Region.NA
