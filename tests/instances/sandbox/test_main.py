"""The server as a process: its command line, its environment, its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from instances.sandbox.main import CANNOT_START, main
from instances.sandbox.state import results_folder
from tests.amc.server import DATA, ROOT, sandbox_process
from tests.instances.sandbox.client import AmcClient

FOREIGN = ("django", "celery", "psycopg", "redis", "workflows", "schedules", "config")


def test_it_imports_nothing_of_the_product() -> None:
    program = (
        "import sys; import instances.sandbox.main; "
        f"print([m for m in {FOREIGN!r} if m in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program],
        env={},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert told.stdout.strip() == "[]", told.stderr


def test_accounts_speed_and_time_are_set_on_the_command_line() -> None:
    now = "2026-12-24T18:00:00+01:00"
    with sandbox_process("--accounts", "3", "--speed", "2.5", "--now", now) as amc:
        clock = amc.clock(rate=0)
        with AmcClient(
            amc.base_url, refresh_token="Atzr|sandbox3", account="ENTITY3SANDBOX"
        ) as api:
            status = api.ask("GET", "/amc/instances/amc3sandbox30").status_code

    assert clock["now"].startswith("2026-12-24T17:00:0")
    assert clock["speed"] == 2.5
    assert status == 200


def test_a_port_that_is_taken_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = main(["--port", str(port)])

    assert code == CANNOT_START
    assert capsys.readouterr().out == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


def test_a_directory_that_cannot_be_used_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")

    code = main(["--port", "0", "--data", str(occupied)])

    assert code == CANNOT_START
    assert capsys.readouterr().out == f"Cannot keep data in {occupied}: File exists\n"


def test_results_that_a_killed_sandbox_left_go_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / "results-old", tmp_path / "results-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))

    results_folder(tmp_path).cleanup()

    assert list(tmp_path.iterdir()) == [new]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--speed", "-1"], "must be 0 or more"),
        (["--speed", "nan"], "must be 0 or more"),
        (["--accounts", "0"], "must be 1 or more"),
        (["--now", "yesterday"], "--now: invalid"),
        (["--port", "x"], "--port: invalid"),
        (["--what"], "unrecognized arguments: --what"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_django_command_is_the_same_server(tmp_path: Path) -> None:
    """It needs no database: the one that its settings name does not exist."""
    environment = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1",
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "amc_sandbox", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(DATA), "--impressions", "20000"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()

    assert line.startswith("AMC sandbox listening on http://127.0.0.1:")


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_no_results_behind(
    tmp_path: Path, way: signal.Signals
) -> None:
    command = [sys.executable, "-m", "instances.sandbox", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path), "--impressions", "1000"],
        cwd=ROOT,
        env={},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(tmp_path.glob("results-*"))
        process.send_signal(way)
        process.wait(timeout=20)

    assert list(tmp_path.glob("results-*")) == []
