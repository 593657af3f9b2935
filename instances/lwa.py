"""Login with Amazon: the consent page, and tokens for a code or a refresh token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeGuard
from urllib.parse import urlencode

from django.conf import settings

from instances.amc import answers, transport
from instances.amc.errors import AmcError
from instances.errors import ApplicationRefused, InvalidGrant, LwaUnavailable
from instances.models import Region
from instances.redaction import without_secrets
from instances.regions import addresses

SCOPE = "advertising::campaign_management"  # all that AMC needs
SECONDS = 20.0  # for one exchange; shorter than the lease of who refreshes
LONGEST_TOKEN = 2_048
LONGEST_LIFE = 24 * 3600  # seconds; a longer one is a mistake
# The only refusals that asking again does not change.
PERMANENT = {
    "invalid_grant": InvalidGrant,
    "invalid_client": ApplicationRefused,
    "unauthorized_client": ApplicationRefused,
}


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """`refresh_token` is None when the answer has none: the old one stays good."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime: timedelta


def consent_url(*, region: Region, redirect_uri: str, state: str) -> str:
    """Where a person's browser must go to agree."""
    query = {
        "client_id": settings.LWA_CLIENT_ID,
        "scope": SCOPE,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{addresses(region).consent}?{urlencode(query)}"


def exchange_code(code: str, *, redirect_uri: str, region: Region) -> Tokens:
    """The first tokens of an authorisation.

    Raises InvalidGrant, ApplicationRefused, LwaUnavailable.
    """
    return _ask(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
        },
        region,
    )


def refresh(refresh_token: str, region: Region) -> Tokens:
    """A new access token. Raises InvalidGrant, ApplicationRefused, LwaUnavailable."""
    return _ask({"grant_type": "refresh_token", "refresh_token": refresh_token}, region)


def _ask(grant: Mapping[str, str], region: Region) -> Tokens:
    client = {
        "client_id": settings.LWA_CLIENT_ID,
        "client_secret": settings.LWA_CLIENT_SECRET,
    }
    try:
        reply = transport.write(
            "POST",
            addresses(region).token,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode({**grant, **client}).encode(),
            seconds=SECONDS,
        )
        return _tokens(reply.status, answers.content(reply.body))
    except AmcError as error:
        raise LwaUnavailable(f"Login with Amazon: {error.message}") from error


def _tokens(status: int, body: Mapping[str, Any]) -> Tokens:
    if status != 200:
        raise _refusal(status, body)
    access_token, lifetime = body.get("access_token"), body.get("expires_in")
    refresh_token = body.get("refresh_token") or None
    if not _is_token(access_token) or not _is_lifetime(lifetime):
        raise LwaUnavailable("Login with Amazon answered without a usable token.")
    if refresh_token is not None and not _is_token(refresh_token):
        raise LwaUnavailable("Login with Amazon answered with a broken token.")
    return Tokens(
        access_token=access_token,
        refresh_token=refresh_token,
        lifetime=timedelta(seconds=min(lifetime, LONGEST_LIFE)),
    )


def _refusal(status: int, body: Mapping[str, Any]) -> Exception:
    code = body.get("error")
    text = without_secrets(str(body.get("error_description") or code or status))[:500]
    if isinstance(code, str) and 400 <= status < 500 and code in PERMANENT:
        refusal = PERMANENT[code]
        return refusal(f"{refusal().message} Amazon says: {text}")
    return LwaUnavailable(f"Login with Amazon answered {status}: {text}")


def _is_token(value: object) -> TypeGuard[str]:
    """A token goes into a header line, so it must be printable ASCII."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
    )


def _is_lifetime(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
