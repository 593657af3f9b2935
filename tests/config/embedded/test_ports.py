"""Ports: asked for by number or by default."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from config.embedded import ports
from config.embedded.errors import PortTaken


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as server:
        server.bind((ports.LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)
    assert ports.is_answering(taken)


def test_a_port_without_a_listener_is_free_and_silent() -> None:
    port = ports.free_port()

    assert ports.is_free(port)
    assert not ports.is_answering(port)


def test_a_taken_default_gives_way_to_the_next_free_port(taken: int) -> None:
    assert ports.choose_port(None, default=taken) > taken


def test_a_taken_port_that_was_asked_for_is_refused_by_name(taken: int) -> None:
    with pytest.raises(PortTaken, match=f"Port {taken} is taken"):
        ports.choose_port(taken, default=8000)


def test_a_free_port_that_was_asked_for_is_used() -> None:
    port = ports.free_port()

    assert ports.choose_port(port, default=8000) == port


def test_a_port_that_is_promised_already_is_not_chosen_again() -> None:
    port = ports.free_port()

    assert ports.choose_port(None, default=port, but=port) > port
    with pytest.raises(PortTaken):
        ports.choose_port(port, default=8000, but=port)
