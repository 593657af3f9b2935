"""What faults make of a reply before it is sent."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.calls import Call
from instances.sandbox.errors import (
    AUTHENTICATION_FAILED,
    TOO_MANY_REQUESTS,
    Family,
    Refusal,
    error_answer,
    gateway_answer,
)
from instances.sandbox.faults import Faults, Rule

MEGABYTE = 1_048_576


def refusal_fault(faults: Faults, call: Call) -> None:
    """Raises the refusal that a fault has the service give, if one does."""
    if faults.strike("expired_token", call):
        raise Refusal(401, AUTHENTICATION_FAILED)
    if (rule := faults.strike("forbidden", call)) is not None:
        raise Refusal(403, rule.word("text"))


def gateway_fault(faults: Faults, call: Call, *, work_done: bool) -> Answer | None:
    """The answer of what stands before the service, instead of the service's own."""
    if not work_done and (rule := faults.strike("throttled", call)) is not None:
        return throttled(rule, call)
    rule = faults.strike(
        "server_error", call, when=lambda rule: rule.is_on("work_done") is work_done
    )
    return gateway_answer(int(rule.number("status"))) if rule else None


def throttled(rule: Rule, call: Call) -> Answer:
    retry_after = rule.word("retry_after")
    headers = {"Retry-After": retry_after} if retry_after else {}
    family = call.operation.family
    if rule.is_on("gateway") or family not in (Family.REPORTING, Family.ADMIN):
        return json_answer({"message": TOO_MANY_REQUESTS}, status=429, headers=headers)
    refusal = Refusal(429, TOO_MANY_REQUESTS, headers=headers)
    return error_answer(refusal, family=family, request_id=call.request_id)


def date_header(faults: Faults, call: Call) -> str:
    """The sandbox clock's time: our product compares its own clock with it."""
    rule = faults.strike("wrong_date", call)
    shift = rule.span() if rule else timedelta()
    return format_datetime((call.now + shift).replace(microsecond=0), usegmt=True)


def distort(answer: Answer, faults: Faults, call: Call) -> Answer:
    """What no service of Amazon would say, said instead of the answer."""
    if (rule := faults.strike("garbage", call)) is not None:
        return replace(
            answer,
            status=int(rule.number("status")),
            body=rule.word("body").encode(),
            media_type=rule.word("content_type"),
            file=None,
            is_distorted=True,
        )
    if (rule := faults.strike("oversized", call)) is not None:
        megabytes = int(rule.number("megabytes"))
        return oversized(answer, megabytes=megabytes, packed=rule.is_on("gzip"))
    return answer


def oversized(answer: Answer, *, megabytes: int, packed: bool) -> Answer:
    """Blanks behind JSON are still JSON: only its size is wrong."""
    body = answer.content() + b" " * (megabytes * MEGABYTE)
    headers = dict(answer.headers)
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    return replace(answer, body=body, headers=headers, file=None, is_distorted=True)
