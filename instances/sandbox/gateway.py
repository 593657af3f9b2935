"""The way of every request: read, harmed or served, written down, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from instances.sandbox.answers import PLAIN_JSON, Answer
from instances.sandbox.authority import authorise, instance_of
from instances.sandbox.calls import Call, Operation
from instances.sandbox.distortions import (
    date_header,
    distort,
    gateway_fault,
    refusal_fault,
)
from instances.sandbox.errors import Family, Refusal, error_answer
from instances.sandbox.faults import Rule
from instances.sandbox.media import check_media_types
from instances.sandbox.reading import read_call
from instances.sandbox.state import Sandbox
from instances.sandbox.transport import cut_short, drip, hang_up

Handler = Callable[[Sandbox, Call], Awaitable[Answer]]
API = (Family.REPORTING, Family.ADMIN)


async def serve(
    sandbox: Sandbox, operation: Operation, handler: Handler, request: Request
) -> Response:
    call = await read_call(sandbox, operation, request)
    life, strike = sandbox.life, sandbox.faults.strike
    await delay(strike("slow", call, when=before_work))
    lost = strike("request_lost", call)
    answer = None
    if lost is None and sandbox.life == life:
        answer = await serve_or_harm(sandbox, call, handler)
        await delay(strike("slow", call, when=after_work))
        lost = strike("reply_lost", call)
    if sandbox.life != life:
        # It belongs to a life before the reset, and nothing of that may show.
        return await hang_up(request, reset=False)
    if answer is None or lost is not None:
        sandbox.ledger.note(call, answer, sent=False)
        return await hang_up(request, reset=lost is not None and lost.is_on("reset"))
    return reply(sandbox, call, answer, request)


async def serve_or_harm(sandbox: Sandbox, call: Call, handler: Handler) -> Answer:
    """The gateway's answer when a fault says so, else the service's."""
    early = gateway_fault(sandbox.faults, call, work_done=False)
    if early is not None:
        return early
    answer = await attend(sandbox, call, handler)
    return gateway_fault(sandbox.faults, call, work_done=True) or answer


async def attend(sandbox: Sandbox, call: Call, handler: Handler) -> Answer:
    """What the service itself answers, refusals included."""
    family = call.operation.family
    media_type = PLAIN_JSON
    try:
        refusal_fault(sandbox.faults, call)
        if family in API:
            authorise(sandbox, call)
            media_type = check_media_types(call)
        if family is Family.REPORTING:
            instance_of(sandbox, call)
        answer = await handler(sandbox, call)
    except Refusal as refusal:
        answer = error_answer(refusal, family=family, request_id=call.request_id)
    if answer.media_type == PLAIN_JSON and family in API:
        return replace(answer, media_type=media_type)
    return answer


def reply(sandbox: Sandbox, call: Call, answer: Answer, request: Request) -> Response:
    """Send the answer, however faults have it sent."""
    faults = sandbox.faults
    answer = distort(answer, faults, call)
    headers = {
        **answer.headers,
        "Date": date_header(faults, call),
        "x-amz-rid": call.request_id,
    }
    short, slow = faults.strike("truncated", call), faults.strike("drip", call)
    sandbox.ledger.note(call, answer, sent=True)
    if short is not None:
        return cut_short(request, answer, headers, keep=int(short.number("keep_bytes")))
    if slow is not None:
        return drip(answer, headers, bytes_per_second=slow.number("bytes_per_second"))
    if answer.file is not None:
        return FileResponse(
            answer.file,
            status_code=answer.status,
            headers=headers,
            media_type=answer.media_type,
        )
    return Response(answer.body, answer.status, headers, answer.media_type)


async def delay(rule: Rule | None) -> None:
    if rule is not None:
        await asyncio.sleep(rule.number("seconds"))


def before_work(rule: Rule) -> bool:
    return not rule.is_on("after_work")


def after_work(rule: Rule) -> bool:
    return rule.is_on("after_work")
