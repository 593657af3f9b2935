"""A server that answers with exactly the bytes it is given: for an edge's oddities."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Wire:
    """`replies` are sent in order, each on a connection of its own, then closed."""

    url: str
    replies: list[bytes]
    requests: list[str] = field(default_factory=list)


def reply(
    status: int = 200,
    body: bytes | str | dict[str, Any] = b"",
    *,
    length: int | None = None,
    **headers: str,
) -> bytes:
    """An HTTP reply; `length` lies about the body's. `_` in header names is `-`."""
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Said",
        f"Content-Length: {len(content) if length is None else length}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@contextmanager
def answering(*replies: bytes) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        wire = Wire(url=f"http://{host}:{port}", replies=list(replies))
        thread = threading.Thread(target=_serve, args=(server, wire))
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, wire: Wire) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            wire.requests.append(_request(connection))
            if wire.replies:
                connection.sendall(wire.replies.pop(0))


def _request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received and (part := connection.recv(65_536)):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < lengths[0] and (part := connection.recv(65_536)):
        body += part
    return (head + b"\r\n\r\n" + body).decode()
