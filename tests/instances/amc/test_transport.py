"""The transport: what it takes from its surroundings, which is nothing."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from instances.amc import transport
from instances.amc.errors import NeverConnected
from tests.instances.wire import answering, reply


def ask(url: str) -> int:
    return transport.read("GET", url, headers={}).status


def test_a_proxy_in_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.invalid:1")

    with (
        answering(reply(200)) as wire,
        transport._client(kept_connections=0) as client,
    ):
        assert client.get(wire.url).status_code == 200


def test_a_redirect_is_not_followed() -> None:
    with answering(reply(302, Location="/elsewhere"), reply(200)) as wire:
        assert ask(wire.url) == 302

    assert len(wire.requests) == 1


def test_what_is_late_is_not_sent_at_all() -> None:
    look = transport._refusal_to_send_late(-1)

    with pytest.raises(NeverConnected):
        look("http11.send_request_headers.started", None)


def test_the_look_before_sending_is_taken_when_connected_and_nothing_is_sent() -> None:
    events: list[str] = []

    def note(event: str, info: Any) -> None:
        events.append(event)

    with answering(reply(200)) as wire, httpx.Client(trust_env=False) as client:
        client.get(wire.url, extensions={"trace": note})

    look = events.index("http11.send_request_headers.started")
    assert events.index("connection.connect_tcp.complete") < look
    assert look < events.index("http11.send_request_headers.complete")


def test_a_forked_process_opens_connections_of_its_own() -> None:
    ours = transport._kept()

    child = os.fork()
    if child == 0:
        os._exit(0 if transport._kept() is not ours else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert transport._kept() is ours
