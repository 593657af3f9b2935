"""The media types that a request may speak: plain JSON, or its versioned one."""

from __future__ import annotations

from instances.sandbox.answers import PLAIN_JSON
from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal

ANYTHING = ("*/*", "application/*")


def check_media_types(call: Call) -> str:
    """The type to answer in; 406 and 415 for what the operation does not speak."""
    if call.method in ("POST", "PUT") and bare(call, "content-type") not in spoken(
        call
    ):
        raise Refusal(415, "Unsupported Media Type")
    wanted = [
        part.partition(";")[0].strip().lower()
        for part in call.headers.get("accept", "*/*").split(",")
    ]
    for word in wanted:
        if word in ANYTHING:
            return PLAIN_JSON
        if word in spoken(call):
            return word
    raise Refusal(406, "Not Acceptable")


def spoken(call: Call) -> tuple[str, ...]:
    return (PLAIN_JSON, *call.operation.media_types)


def bare(call: Call, header: str) -> str:
    return call.headers.get(header, "").partition(";")[0].strip().lower()
