"""`manage.py services -- CMD`: a command beside the embedded services."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.backing import Addresses, publish_addresses
from config.embedded.lock import FolderLock
from config.environment import BASE_DIR

PRINT_ADDRESSES = (
    "import os, sys; print(os.environ['DATABASE_URL']); print(os.environ['REDIS_URL']);"
    "sys.exit(3)"
)
USE_THE_DATABASE = (
    "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']);"
    "print(c.execute('SELECT 41 + 1').fetchone()[0])"
)


def services(
    folder: Path, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in an environment that names no services."""
    kept = {k: v for k, v in os.environ.items() if k not in Addresses.VARIABLES}
    return subprocess.run(
        [sys.executable, "manage.py", "services", *arguments],
        env=kept | {"DATA_DIR": str(folder)} | environ,
        cwd=BASE_DIR,
        capture_output=True,
        check=False,
        text=True,
    )


def test_a_command_finds_a_running_database(tmp_path: Path) -> None:
    done = services(tmp_path, "--", sys.executable, "-c", USE_THE_DATABASE)

    assert done.stdout == "42\n", done.stderr
    assert not (tmp_path / "services.json").exists()


def test_its_exit_code_is_ours(tmp_path: Path) -> None:
    done = services(
        tmp_path, "--throwaway", "--", sys.executable, "-c", PRINT_ADDRESSES
    )

    assert done.returncode == 3
    assert not (tmp_path / "postgres").exists()


def test_the_services_of_a_running_demo_are_shared(tmp_path: Path) -> None:
    addresses = Addresses(database_url="postgres://demo", redis_url="redis://demo")
    with FolderLock(tmp_path):
        publish_addresses(tmp_path, addresses)

        done = services(tmp_path, "--", sys.executable, "-c", PRINT_ADDRESSES)

    assert done.stdout.split() == ["postgres://demo", "redis://demo"]


def test_given_addresses_are_handed_on(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgres://mine/db", "REDIS_URL": "redis://mine"}

    done = services(tmp_path, "--", sys.executable, "-c", PRINT_ADDRESSES, **given)

    assert done.stdout.split() == list(given.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a command"),
        (["--throwaway", "no-such-program"], "There is no program 'no-such-program'"),
    ],
)
def test_mistakes_are_explained(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = services(tmp_path, *arguments)

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
