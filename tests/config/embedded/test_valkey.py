"""An embedded Valkey: closed to strangers, safe for a queue."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from config.embedded.child import Child
from config.embedded.ports import free_port
from config.embedded.valkey import ASK_ONCE, Valkey

Starter = Callable[[Valkey], Child]


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Starter:
    def start(valkey: Valkey) -> Child:
        child = valkey.child()
        request.addfinalizer(child.stop)
        child.start()
        child.await_ready()
        return child

    return start


def valkey_in(folder: Path) -> Valkey:
    return Valkey(
        folder=folder / "a folder" / "valkey",
        log=folder / "valkey.log",
        password="a-password",
        port=free_port(),
    )


def test_it_never_throws_a_message_away(start: Starter, tmp_path: Path) -> None:
    valkey = valkey_in(tmp_path)
    start(valkey)

    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_a_restart_keeps_the_messages(start: Starter, tmp_path: Path) -> None:
    valkey = valkey_in(tmp_path)
    child = start(valkey)
    with redis.Redis.from_url(valkey.url) as client:
        client.rpush("queue", "message")
    child.stop()

    again = valkey_in(tmp_path)
    start(again)

    with redis.Redis.from_url(again.url) as client:
        assert client.lrange("queue", 0, -1) == [b"message"]


def test_the_password_is_needed_and_not_shown(start: Starter, tmp_path: Path) -> None:
    valkey = valkey_in(tmp_path)
    child = start(valkey)

    with (
        redis.Redis(port=valkey.port, retry=ASK_ONCE) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    configuration = Path(child.command.argv[-1])
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    assert not any("a-password" in str(part) for part in child.command.argv)


def test_a_server_left_over_from_before_is_replaced(
    start: Starter, tmp_path: Path
) -> None:
    left_over = start(valkey_in(tmp_path))
    assert left_over.process

    again = valkey_in(tmp_path)
    start(again)

    assert left_over.process.wait(5) == 0
    assert again.is_ready()
