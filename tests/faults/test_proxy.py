"""The proxy that stands between the product and its services."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import Link, ProxyRoom


class Echo(socketserver.BaseRequestHandler):
    """Says everything twice, and counts what it has heard."""

    def handle(self) -> None:
        while data := self.request.recv(1000):
            self.server.heard.append(data)
            self.request.sendall(data + data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    heard: list[bytes]


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        server.heard = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def link(echo: EchoServer) -> Iterator[Link]:
    room = ProxyRoom()
    yield room.link(echo.server_address[1])
    room.close()


def ask(link: Link, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", link.port), timeout=2) as client:
        client.sendall(words)
        return client.recv(1000)


def ask_until_the_end(link: Link, words: bytes) -> bytes:
    heard = b""
    with (
        socket.create_connection(("127.0.0.1", link.port), timeout=2) as client,
        suppress(ConnectionResetError),
    ):
        client.sendall(words)
        while data := client.recv(1):
            heard += data
    return heard


def test_a_healthy_link_changes_nothing(link: Link):
    assert ask(link, b"hello") == b"hellohello"


def test_the_reply_of_work_that_was_done_is_lost(link: Link, echo: EchoServer):
    link.toxics.lose_replies_to = (b"COMMIT",)

    with pytest.raises(ConnectionResetError):
        ask(link, b"COMMIT")

    assert echo.heard == [b"COMMIT"]
    assert link.toxics.hits == 1
    assert ask(link, b"SELECT") == b"SELECTSELECT"


def test_a_reply_is_cut_after_some_bytes(link: Link):
    link.toxics.cut_after = 3

    assert len(ask_until_the_end(link, b"hello")) <= 3


def test_a_deaf_link_hears_nothing_even_after_it_was_healed(
    link: Link, echo: EchoServer
):
    link.toxics.is_deaf_up = True
    with socket.create_connection(("127.0.0.1", link.port), timeout=0.1) as client:
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(10)
        link.heal()
        client.sendall(b"again")
        with pytest.raises(TimeoutError):
            client.recv(10)

    assert echo.heard == []
    assert ask(link, b"new") == b"newnew"


def test_a_link_that_refuses_resets_who_connects(link: Link):
    link.toxics.refuses = True

    with pytest.raises(ConnectionResetError):
        ask(link, b"hello")
