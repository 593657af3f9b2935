"""PostgreSQL and Valkey together: ours, or those of the environment."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import backing
from config.embedded.backing import Addresses
from config.embedded.processes import wait_until

GIVEN = {
    "DATABASE_URL": "postgres://me@db.example/mine",
    "REDIS_URL": "redis://broker.example/3",
}


def test_given_addresses_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    plan = backing.plan_backing(tmp_path / "data", environ=GIVEN)

    assert plan.addresses.as_environ() == GIVEN
    assert plan.children == []
    assert not (tmp_path / "data").exists()


def test_an_empty_variable_is_none() -> None:
    with backing.throwaway({**GIVEN, "REDIS_URL": ""}) as addresses:
        assert addresses.database_url == GIVEN["DATABASE_URL"]
        assert redis.Redis.from_url(addresses.redis_url).ping()


def test_throwaway_services_answer_and_vanish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with backing.throwaway({}) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("SELECT 1")
        with redis.Redis.from_url(addresses.redis_url) as client:
            assert client.ping()
        assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(addresses.database_url)


def test_published_addresses_are_for_the_owner_only(tmp_path: Path) -> None:
    addresses = Addresses(database_url="postgres://…", redis_url="redis://…")

    path = backing.publish_addresses(tmp_path, addresses)

    assert backing.published_addresses(tmp_path) == addresses
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    backing.withdraw_addresses(tmp_path)
    assert backing.published_addresses(tmp_path) is None


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "closed"])
def test_services_of_pytest_end_with_it_however_it_ends(
    tmp_path: Path, kill: bool
) -> None:
    """`throwaway` lives while somebody holds its input; here a shell does."""
    environ = {name: value for name, value in os.environ.items() if name not in GIVEN}
    program = subprocess.Popen(
        [sys.executable, "-m", "config.embedded.throwaway"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ | {"TMPDIR": str(tmp_path)},
    )
    with program:
        assert program.stdout
        url = json.loads(program.stdout.readline())["DATABASE_URL"]
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1")
        if kill:
            program.kill()

    def is_gone() -> bool:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return True
        return False

    assert wait_until(is_gone, 10)
    assert kill or list(tmp_path.iterdir()) == []
