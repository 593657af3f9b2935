"""Sends replies badly: not at all, not to the end, or byte by byte.

HTTP frameworks rightly do not offer this, so the connection is handed through.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from instances.sandbox.answers import Answer

CLOSE_BY_RESET = struct.pack("ii", 1, 0)


class HangUpProtocol(H11Protocol):
    """uvicorn's own, with the connection within reach of the request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def hang_up(request: Request, *, reset: bool) -> Response:
    """Close the connection without another byte; `reset`: the rude way, by RST."""
    transport: asyncio.Transport = request.state.transport
    connection = transport.get_extra_info("socket")
    if reset and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_BY_RESET)
    transport.abort()
    # The loop tells the server in its next round that the connection is gone.
    await asyncio.sleep(0)
    return Response()


def cut_short(
    request: Request, answer: Answer, headers: Mapping[str, str], *, keep: int
) -> Response:
    """Announce the whole body, send the beginning, hang up."""
    body = answer.content()

    async def beginning() -> AsyncIterator[bytes]:
        yield body[:keep]
        await hang_up(request, reset=False)

    return streamed(answer, headers, beginning(), size=len(body))


def drip(
    answer: Answer, headers: Mapping[str, str], *, bytes_per_second: float
) -> Response:
    body = answer.content()

    async def drops() -> AsyncIterator[bytes]:
        for index in range(len(body)):
            yield body[index : index + 1]
            await asyncio.sleep(1 / bytes_per_second)

    return streamed(answer, headers, drops(), size=len(body))


def streamed(
    answer: Answer, headers: Mapping[str, str], body: AsyncIterator[bytes], *, size: int
) -> Response:
    return StreamingResponse(
        body,
        status_code=answer.status,
        headers={**headers, "Content-Length": str(size)},
        media_type=answer.media_type,
    )
