"""Who calls, and whether they may: tokens, the headers, the instance in the path."""

from __future__ import annotations

from instances.sandbox.calls import Call
from instances.sandbox.errors import (
    AUTHENTICATION_FAILED,
    UNAUTHORIZED_REQUEST,
    Refusal,
)
from instances.sandbox.state import Sandbox
from instances.sandbox.world import CLIENT_ID, Account, Instance

CLIENT_HEADER = "amazon-advertising-api-clientid"
ACCOUNT_HEADER = "amazon-advertising-api-advertiserid"
MARKETPLACE_HEADER = "amazon-advertising-api-marketplaceid"


def authorise(sandbox: Sandbox, call: Call) -> None:
    """401 for who they are, 403 for the account they ask of."""
    session = sandbox.tokens.session(call.bearer, now=call.now)
    if session is None or call.headers.get(CLIENT_HEADER) != CLIENT_ID:
        raise Refusal(401, AUTHENTICATION_FAILED)
    if call.operation.needs_account:
        account = session.account
        asked = call.headers.get(ACCOUNT_HEADER), call.headers.get(MARKETPLACE_HEADER)
        if asked != (account.account_id, account.marketplace_id):
            raise Refusal(403, UNAUTHORIZED_REQUEST)


def account_of(sandbox: Sandbox, call: Call) -> Account:
    """After `authorise`: the account that the call is for."""
    return sandbox.world.accounts[call.account_id]


def instance_of(sandbox: Sandbox, call: Call) -> Instance:
    """The instance in the path; 403 when it is not the account's, or is none."""
    instance = sandbox.world.instances.get(call.instance_id)
    if instance is None or instance.account.account_id != call.account_id:
        raise Refusal(403, UNAUTHORIZED_REQUEST)
    return instance
