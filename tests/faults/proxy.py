"""A TCP proxy that can be slow, deaf, rude, or lose the reply of work that was done."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from config.embedded.ports import LOOPBACK

CHUNK = 65_536
RST = struct.pack("ii", 1, 0)  # SO_LINGER, so that closing sends a reset


@dataclass(kw_only=True)
class Toxics:
    """How a link misbehaves at this moment; everything may be changed at any time."""

    latency: float = 0.0  # seconds, each chunk, each direction
    is_deaf_up: bool = False  # what clients say is swallowed
    is_deaf_down: bool = False  # what the server says is swallowed
    refuses: bool = False  # new connections are reset
    # Requests with one of these in them are done, but their reply never comes.
    lose_replies_to: Sequence[bytes] = ()
    probability: float = 1.0
    most: int | None = None
    cut_after: int | None = None  # bytes of a reply, then a reset
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    hits: int = 0

    def strikes(self) -> bool:
        is_spent = self.most is not None and self.hits >= self.most
        if is_spent or self.dice.random() >= self.probability:
            return False
        self.hits += 1
        return True


class Link:
    """One listening port, and everything that goes through it to one server."""

    def __init__(self, port: int) -> None:
        self.toxics = Toxics()
        self.bytes = 0
        self.server_port = port
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def heal(self) -> None:
        """Behave from now on. Connections that were deafened stay as they are."""
        self.toxics = Toxics()

    async def listen(self) -> None:
        """On a port of its own, the same one each time."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> int:
        """Nobody listens here any more: new connections are refused."""
        if self._server is not None:
            self._server.close()
        self._server = None
        return self.reset_all()

    @property
    def is_open(self) -> bool:
        return self._server is not None

    def reset_all(self) -> int:
        """End all connections with a reset; returns how many."""
        writers = list(self._writers)
        for writer in writers:
            _reset(writer)
        return len(writers)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.toxics.refuses:
            self.toxics.hits += 1
            _reset(writer)
            return
        try:
            up_reader, up_writer = await asyncio.open_connection(
                LOOPBACK, self.server_port
            )
        except OSError:
            _reset(writer)
            return
        conversation = Conversation(self, writer, up_writer)
        self._writers |= {writer, up_writer}
        ways = [
            asyncio.ensure_future(conversation.carry_up(reader)),
            asyncio.ensure_future(conversation.carry_down(up_reader)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._writers -= {writer, up_writer}
            for end in (writer, up_writer):
                with suppress(Exception):
                    end.close()


class Conversation:
    """One connection through a link."""

    def __init__(
        self, link: Link, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self.link = link
        self.client = client
        self.server = server
        self.reply_is_lost = False
        self.is_dead = False  # something was swallowed: nothing after it makes sense

    async def carry_up(self, reader: asyncio.StreamReader) -> None:
        while data := await _read(reader):
            toxics = self.link.toxics
            self.link.bytes += len(data)
            if toxics.latency:
                await asyncio.sleep(toxics.latency)
            if self._swallows(is_deaf=toxics.is_deaf_up):
                continue
            if any(what in data for what in toxics.lose_replies_to):
                self.reply_is_lost = toxics.strikes()
            if not await _write(self.server, data):
                return

    async def carry_down(self, reader: asyncio.StreamReader) -> None:
        while data := await _read(reader):
            toxics = self.link.toxics
            self.link.bytes += len(data)
            if toxics.latency:
                await asyncio.sleep(toxics.latency)
            if self.reply_is_lost:
                _reset(self.client)
                return
            if self._swallows(is_deaf=toxics.is_deaf_down):
                continue
            if toxics.cut_after is not None and toxics.strikes():
                await _write(self.client, data[: toxics.cut_after])
                _reset(self.client)
                return
            if not await _write(self.client, data):
                return

    def _swallows(self, *, is_deaf: bool) -> bool:
        self.is_dead = self.is_dead or is_deaf
        self.link.toxics.hits += is_deaf
        return self.is_dead


class ProxyRoom:
    """A thread in which all links of a stack are served."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._links: list[Link] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def link(self, port: int) -> Link:
        """A new port of this machine that leads to `port`."""
        link = Link(port)
        self._links.append(link)
        self._run(link.listen())
        return link

    def close_port(self, link: Link) -> None:
        self._call(link.shut)

    def open_port(self, link: Link) -> None:
        if not link.is_open:
            self._run(link.listen())

    def reset_all(self, *links: Link) -> int:
        return sum(self._call(link.reset_all) for link in links)

    def close(self) -> None:
        for link in self._links:
            self._call(link.shut)
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(5)
        self._loop.close()

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_later(0.1, self._loop.stop)

    def _call(self, function: Callable[[], int]) -> int:
        async def called() -> int:
            return function()

        return int(self._run(called()))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(CHUNK)
    except OSError:
        return b""


async def _write(writer: asyncio.StreamWriter, data: bytes) -> bool:
    try:
        writer.write(data)
        await writer.drain()
    except OSError:
        return False
    return True


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side sees a reset, as of a machine that went away."""
    with suppress(Exception):
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        writer.transport.abort()
