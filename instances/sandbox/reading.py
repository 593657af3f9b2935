"""Makes a call of an HTTP request: its ids, its text, and whose it seems to be."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request

from instances.sandbox.authority import ACCOUNT_HEADER
from instances.sandbox.calls import Call, Operation
from instances.sandbox.errors import Refusal
from instances.sandbox.forms import read_fields
from instances.sandbox.operations import LIST_ACCOUNTS, TOKEN
from instances.sandbox.state import Sandbox
from instances.sandbox.tokens import Session
from instances.sandbox.world import Account


async def read_call(sandbox: Sandbox, operation: Operation, request: Request) -> Call:
    call = Call(
        operation=operation,
        method=request.method,
        path=request.url.path,
        target={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
        base_url=str(request.base_url).rstrip("/"),
        account_id="",
        person="",
        now=sandbox.clock.now(),
    )
    session = sandbox.tokens.session(call.bearer, now=call.now)
    return replace(
        call,
        account_id=account_id_of(sandbox, call, session),
        person=session.person if session else "",
    )


def account_id_of(sandbox: Sandbox, call: Call, session: Session | None) -> str:
    """Whom the call is for, by what it says; whether it may is decided elsewhere."""
    named = call.headers.get(ACCOUNT_HEADER, "")
    if named and call.operation is not LIST_ACCOUNTS:
        return named
    account = session.account if session else None
    if call.operation is TOKEN:
        account = account_in_grant(sandbox, call)
    elif call.instance_id in sandbox.world.instances:
        account = sandbox.world.instances[call.instance_id].account
    return account.account_id if account else ""


def account_in_grant(sandbox: Sandbox, call: Call) -> Account | None:
    try:
        fields = read_fields(call)
    except Refusal:
        return None
    if "code" in fields:
        return sandbox.tokens.account_of_code(fields["code"])
    return sandbox.tokens.account_of_refresh_token(fields.get("refresh_token", ""))
