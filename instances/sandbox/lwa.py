"""Login with Amazon's token endpoint, with both grants."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.calls import Call
from instances.sandbox.errors import CLIENT_FAILED, REVOKED, Refusal
from instances.sandbox.forms import read_fields
from instances.sandbox.state import Sandbox
from instances.sandbox.tokens import ACCESS_TOKEN_LIFE, Grant
from instances.sandbox.world import CLIENT_ID, CLIENT_SECRET, Account

Fields = Mapping[str, str]
NOT_FOR_THIS_CLIENT = "The client is not authorized to use this grant type."


async def token(sandbox: Sandbox, call: Call) -> Answer:
    fields = read_fields(call)
    obey_faults(sandbox, call, fields)
    grants = {"refresh_token": refresh, "authorization_code": redeem_code}
    grant = grants.get(required(fields, "grant_type"))
    if grant is None:
        raise Refusal(
            400,
            "The authorization grant type is not supported by the server.",
            code="unsupported_grant_type",
        )
    account, refresh_token = grant(sandbox, call, fields)
    body: dict[str, object] = {
        "access_token": sandbox.tokens.access_token(
            account, refresh_token, now=call.now
        ),
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
    }
    if sandbox.faults.strike("no_refresh_token", call):
        del body["refresh_token"]
    return json_answer(body, headers={"Cache-Control": "no-store"})


def obey_faults(sandbox: Sandbox, call: Call, fields: Fields) -> None:
    strike: Callable[[str], object] = partial(sandbox.faults.strike, call=call)
    if strike("invalid_client"):
        raise invalid_client()
    if strike("unauthorized_client"):
        raise Refusal(400, NOT_FOR_THIS_CLIENT, code="unauthorized_client")
    if strike("invalid_grant"):
        raise invalid_grant("code" if "code" in fields else "refresh_token")


def refresh(sandbox: Sandbox, call: Call, fields: Fields) -> tuple[Account, str]:
    """The same refresh token comes back."""
    refresh_token = required(fields, "refresh_token")
    check_client(call, fields)
    account = sandbox.tokens.account_of_refresh_token(refresh_token)
    if account is None:
        raise invalid_grant("refresh_token")
    return account, refresh_token


def redeem_code(sandbox: Sandbox, call: Call, fields: Fields) -> tuple[Account, str]:
    code = required(fields, "code")
    redirect_uri = required(fields, "redirect_uri")
    verifier = fields.get("code_verifier")
    if verifier is None:
        check_client(call, fields)
    grant = sandbox.tokens.redeem(code, now=call.now)
    if grant is None or grant.redirect_uri != redirect_uri:
        raise invalid_grant("code")
    if not is_verified(grant, verifier):
        raise invalid_grant("code_verifier")
    return grant.account, sandbox.tokens.refresh_token(grant.account)


def is_verified(grant: Grant, verifier: str | None) -> bool:
    """A code asked for with a challenge needs its verifier, any other none."""
    if not grant.challenge or verifier is None:
        return not grant.challenge and verifier is None
    answer = verifier
    if grant.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode(errors="replace")).digest()
        answer = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(
        answer.encode(errors="replace"), grant.challenge.encode(errors="replace")
    )


def check_client(call: Call, fields: Fields) -> None:
    """By HTTP Basic, else by fields."""
    given = basic_credentials(call)
    if given is None:
        given = required(fields, "client_id"), required(fields, "client_secret")
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise invalid_client()


def basic_credentials(call: Call) -> tuple[str, str] | None:
    kind, _, credentials = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError as error:
        raise invalid_client() from error
    return client_id, secret


def required(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise Refusal(400, f"The request is missing a required parameter : {name}")
    return value


def invalid_grant(parameter: str) -> Refusal:
    text = REVOKED.format(parameter=parameter)
    return Refusal(400, text, code="invalid_grant")


def invalid_client() -> Refusal:
    return Refusal(401, CLIENT_FAILED, code="invalid_client")
