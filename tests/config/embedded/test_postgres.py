"""An embedded PostgreSQL as people meet it: first start, restart, accidents."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from config.embedded import outside
from config.embedded.child import Child
from config.embedded.errors import EmbeddedError
from config.embedded.identity import Identity
from config.embedded.ports import free_port
from config.embedded.postgres import Postgres
from tests.config.embedded.programs import assert_ends, unrelated_process

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
Starter = Callable[[Postgres], Child]


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Starter:
    def start(postgres: Postgres) -> Child:
        child = postgres.child()
        request.addfinalizer(child.stop)
        child.start()
        child.await_ready()
        return child

    return start


def postgres_in(folder: Path, **changes: object) -> Postgres:
    given = {
        "folder": folder / "postgres",
        "log": folder / "postgres.log",
        "password": "a-password",
        "port": free_port(),
        "durable": False,
    }
    return Postgres(**(given | changes))  # type: ignore[arg-type] # a test's freedom


def answer(postgres: Postgres, query: str) -> object:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def write(postgres: Postgres, statement: str) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute(statement.encode())


def test_it_starts_for_whoever_starts_it(start: Starter, tmp_path: Path) -> None:
    postgres = postgres_in(tmp_path)

    start(postgres)

    assert answer(postgres, "SELECT current_database()") == "amc"
    assert answer(postgres, "SELECT upper('é')") == "É"
    assert answer(postgres, "SHOW timezone") == "UTC"
    assert stat.S_IMODE(postgres.data.stat().st_mode) == 0o700


def test_nobody_comes_in_without_the_password(start: Starter, tmp_path: Path) -> None:
    postgres = postgres_in(tmp_path)
    start(postgres)

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace("a-password", "another"))


def test_a_restart_keeps_the_data(start: Starter, tmp_path: Path) -> None:
    postgres = postgres_in(tmp_path)
    child = start(postgres)
    write(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    child.stop()

    again = postgres_in(tmp_path)
    start(again)

    assert answer(again, "SELECT n FROM kept") == 7


def test_a_crash_keeps_the_data_of_a_durable_server(
    start: Starter, tmp_path: Path
) -> None:
    postgres = postgres_in(tmp_path, durable=True)
    child = start(postgres)
    write(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    assert child.process
    child.process.kill()
    child.process.wait()
    assert (postgres.data / "postmaster.pid").exists()

    again = postgres_in(tmp_path, durable=True)
    start(again)

    assert answer(again, "SELECT n FROM kept") == 7


def test_a_server_left_over_from_before_is_replaced(
    start: Starter, tmp_path: Path
) -> None:
    left_over = start(postgres_in(tmp_path))
    assert left_over.process

    again = postgres_in(tmp_path)
    start(again)

    assert left_over.process.wait(5) == 0
    assert answer(again, "SELECT 1") == 1


def test_a_stale_pid_that_belongs_to_somebody_else_is_ignored(
    start: Starter, tmp_path: Path
) -> None:
    postgres = postgres_in(tmp_path)
    start(postgres).stop()
    with unrelated_process() as stranger:
        pid_file = postgres.data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{postgres.data}\n0\n5432\n\n\n")

        start(postgres)

        assert answer(postgres, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_killed_initdb_leaves_nothing_half_made(
    start: Starter, tmp_path: Path
) -> None:
    postgres = postgres_in(tmp_path)
    half_made = postgres.home / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")

    start(postgres)

    assert answer(postgres, "SELECT 1") == 1
    assert not half_made.exists()


def test_files_of_another_version_are_refused_and_kept(tmp_path: Path) -> None:
    postgres = postgres_in(tmp_path)
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedError, match="made by PostgreSQL 9"):
        postgres.prepare()

    assert (postgres.data / "PG_VERSION").exists()


def test_no_server_survives_a_stop(start: Starter, tmp_path: Path) -> None:
    child = start(postgres_in(tmp_path))
    assert child.process

    child.stop()

    assert child.exit_code == 0
    assert_ends(child.process.pid)


@needs_root
@pytest.mark.slow
def test_root_without_user_namespaces_runs_it_as_nobody(
    start: Starter, tmp_path: Path
) -> None:
    postgres = postgres_in(tmp_path, identity=Identity.NOBODY)
    try:
        start(postgres).stop()
        start(postgres)

        assert answer(postgres, "SELECT 1") == 1
        assert postgres.data.owner() == "nobody"
        assert postgres.home.is_relative_to(outside.OUTSIDE)
    finally:
        postgres.remove()
    assert not postgres.home.exists()
