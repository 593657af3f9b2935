"""The door to the sandbox's own controls: from this machine only, JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from instances.sandbox.faults import InvalidFault
from instances.sandbox.state import Sandbox

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class InvalidControl(ValueError):
    """What was asked of a control; the text names the field and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`content` is the JSON body, `target` what the path names."""

    content: Mapping[str, object]
    query: Mapping[str, str]
    target: Mapping[str, str]


Control = Callable[[Sandbox, Asked], tuple[int, object]]
"""Answers with a status and what becomes JSON."""


async def serve_control(
    sandbox: Sandbox, control: Control, request: Request
) -> Response:
    """Strangers do not learn that there is anything here."""
    if not is_local(request):
        return JSONResponse({"error": "Not found."}, status_code=404)
    try:
        status, answer = control(sandbox, await read_asked(request))
    except (InvalidControl, InvalidFault) as error:
        status, answer = 400, {"error": str(error)}
    return JSONResponse(answer, status_code=status)


async def read_asked(request: Request) -> Asked:
    try:
        content = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidControl("The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise InvalidControl("The body must be a JSON object.")
    return Asked(
        content=content,
        query=dict(request.query_params),
        target={name: str(value) for name, value in request.path_params.items()},
    )


def is_local(request: Request) -> bool:
    """From a loopback address, and not by some web page open in a browser there."""
    peer = request.client.host if request.client else ""
    origin = request.headers.get("origin")
    return (
        bool(peer)
        and ip_address(peer).is_loopback
        and request.url.hostname in LOCAL_NAMES
        and (origin is None or urlsplit(origin).netloc == request.url.netloc)
    )
