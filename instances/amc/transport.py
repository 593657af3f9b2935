"""HTTP as Amazon is spoken to: every wait bounded, nothing followed or repeated."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import httpx

from instances.amc.errors import NeverConnected, NoUsableAnswer

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
POOL_SECONDS = 3.0
LONGEST_ANSWER = 5_000_000  # bytes, also after decompression
ANY_COMPRESSION = 47  # zlib's word for "gzip or zlib, by the header"
UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer of any status, its body complete."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def request_id(self) -> str:
        return str(self.headers.get("x-amz-rid", ""))


def read(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Reply:
    """Ask for something, over connections kept from earlier requests.

    Raises NeverConnected, NoUsableAnswer.
    """
    request = _kept().build_request(
        method,
        url,
        headers=dict(headers),
        params=params,
        content=content,
        timeout=_limits(READ_SECONDS),
        extensions={"trace": _refusal_to_send_late(READ_SECONDS)},
    )
    return _complete(_kept(), request, seconds=READ_SECONDS)


def write(
    method: str, url: str, *, headers: Mapping[str, str], content: bytes, seconds: float
) -> Reply:
    """Ask for something to be done, within `seconds` in all, over a new connection.

    A kept connection may turn out to be closed just after the request was sent, which
    would make an outcome unknown for no reason. Raises NeverConnected, NoUsableAnswer.
    """
    if seconds <= 0:
        raise NeverConnected("No time is left to send it.")
    request = _fresh().build_request(
        method,
        url,
        headers=dict(headers),
        content=content,
        timeout=_limits(seconds),
        extensions={"trace": _refusal_to_send_late(seconds)},
    )
    return _complete(_fresh(), request, seconds=seconds)


@contextmanager
def streaming(url: str) -> Iterator[httpx.Response]:
    """An answer whose body is yet to be read, asked for without any API header.

    Raises NeverConnected, NoUsableAnswer, also while the body is read inside.
    """
    with _known_failures():
        request = _kept().build_request("GET", url, timeout=_limits(READ_SECONDS))
        response = _kept().send(request, stream=True)
        try:
            yield response
        finally:
            response.close()


def elapsing() -> float:
    """Seconds on a clock that runs on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _complete(client: httpx.Client, request: httpx.Request, *, seconds: float) -> Reply:
    deadline = elapsing() + seconds
    with _known_failures():
        response = client.send(request, stream=True)
        try:
            body = _bounded_body(response, deadline)
        finally:
            response.close()
    return Reply(status=response.status_code, headers=response.headers, body=body)


@contextmanager
def _known_failures() -> Iterator[None]:
    """Sort httpx's errors by the one question: can Amazon have got the request?"""
    try:
        yield
    except UNSENT as error:
        raise NeverConnected(_described(error)) from error
    except httpx.TransportError as error:
        raise NoUsableAnswer(_described(error)) from error


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _refusal_to_send_late(seconds: float) -> Callable[[str, object], None]:
    """Finding an address has no time limit of its own: look before the first byte."""
    deadline = elapsing() + seconds

    def look(event: str, info: object) -> None:
        if event == "http11.send_request_headers.started" and elapsing() > deadline:
            raise NeverConnected("No connection within the time allowed.")

    return look


def _bounded_body(response: httpx.Response, deadline: float) -> bytes:
    received = bytearray()
    for chunk in response.iter_raw():
        received += chunk
        if len(received) > LONGEST_ANSWER:
            raise NoUsableAnswer("The answer is too long.", status=response.status_code)
        if elapsing() > deadline:
            raise NoUsableAnswer(
                "The answer took too long.", status=response.status_code
            )
    encoding = response.headers.get("content-encoding", "identity").lower()
    return bytes(received) if encoding == "identity" else _inflated(bytes(received))


def _inflated(compressed: bytes) -> bytes:
    inflater = zlib.decompressobj(ANY_COMPRESSION)
    try:
        body = inflater.decompress(compressed, LONGEST_ANSWER + 1)
    except zlib.error as error:
        raise NoUsableAnswer(f"The answer cannot be decompressed: {error}") from error
    if len(body) > LONGEST_ANSWER:
        raise NoUsableAnswer("The answer is too long.")
    return body


def _limits(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(
        connect=min(CONNECT_SECONDS, seconds),
        read=seconds,
        write=min(READ_SECONDS, seconds),
        pool=min(POOL_SECONDS, seconds),
    )


@cache
def _kept() -> httpx.Client:
    return _client(kept_connections=20)


@cache
def _fresh() -> httpx.Client:
    return _client(kept_connections=0)


def _client(*, kept_connections: int) -> httpx.Client:
    return httpx.Client(
        headers={"User-Agent": "amc-scheduler", "Accept-Encoding": "gzip"},
        timeout=_limits(READ_SECONDS),
        limits=httpx.Limits(
            max_connections=100, max_keepalive_connections=kept_connections
        ),
        follow_redirects=False,
        trust_env=False,
    )


def _forget_connections() -> None:
    """A forked worker must not speak over its parent's sockets."""
    _kept.cache_clear()
    _fresh.cache_clear()


os.register_at_fork(after_in_child=_forget_connections)
