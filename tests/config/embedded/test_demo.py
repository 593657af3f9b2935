"""`manage.py demo` as people meet it: real processes, killed and stopped for real."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.backing import Addresses
from config.embedded.demo import LOGINS
from config.embedded.ports import LOOPBACK, free_port
from config.embedded.processes import wait_until
from config.environment import BASE_DIR

pytestmark = [pytest.mark.slow, pytest.mark.stack]
START_SECONDS = 120
STOP_SECONDS = 45
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prctl")


class Demo:
    """A demo in a folder of its own, started like `make demo` does."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output = folder / "output"
        environ = {k: v for k, v in os.environ.items() if k not in Addresses.VARIABLES}
        folder.mkdir(exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *arguments],
                env=environ | {"DATA_DIR": str(folder)},
                cwd=BASE_DIR,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def await_welcome(self) -> str:
        """The address of the application."""

        def is_settled() -> bool:
            return "Press Ctrl-C" in self.said or self.process.poll() is not None

        assert wait_until(is_settled, START_SECONDS), self.said
        assert self.process.poll() is None, self.said
        found = re.search(r"Application +(\S+)", self.said)
        assert found
        return found.group(1)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that work in the folder."""
    return [
        _text_of(process / "cmdline")
        for process in Path("/proc").glob("[0-9]*")
        if str(folder) in _text_of(process / "cmdline") + _text_of(process / "environ")
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whoever still works in it at the end is killed."""
    folder = tmp_path / "data"
    yield folder
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


def on_free_ports(folder: Path) -> Demo:
    ports = ["--port", str(free_port()), "--sandbox-port", str(free_port())]
    return Demo(folder, *ports)


@linux_only
def test_it_starts_logs_in_and_stops_without_a_trace(folder: Path) -> None:
    demo = on_free_ports(folder)
    url = demo.await_welcome()

    with urllib.request.urlopen(f"{url}/healthz/live") as answer:  # noqa: S310 - ours
        assert answer.status == 200
    assert all(login in demo.said for login in LOGINS.values())
    assert {path.stem for path in (folder / "logs").iterdir()} >= {
        "postgres",
        "valkey",
        "sandbox",
        "web",
        "worker-control",
        "worker-work",
        "worker-collect",
        "beat",
    }

    assert demo.end(signal.SIGTERM) == 0
    assert processes_of(folder) == []
    assert not (folder / "services.json").exists()


@linux_only
def test_a_killed_demo_leaves_nothing_and_starts_again(folder: Path) -> None:
    killed = on_free_ports(folder)
    killed.await_welcome()

    killed.end(signal.SIGKILL)
    gone = wait_until(lambda: not processes_of(folder), STOP_SECONDS)

    assert gone, processes_of(folder)
    again = on_free_ports(folder)
    again.await_welcome()
    assert again.end(signal.SIGINT) == 0


@linux_only
def test_what_dies_is_started_again(folder: Path) -> None:
    demo = on_free_ports(folder)
    url = demo.await_welcome()
    victims = ("beat", "valkey", "postgres", "sandbox")

    for name in victims:
        os.kill(pid_of(name, folder), signal.SIGKILL)

    for name in victims:
        note = f"{name} ended (exit code -9); starting it again in 1 s"
        assert wait_until(lambda note=note: note in demo.said, 10), demo.said
    assert wait_until(lambda: is_ready(url), 60), demo.said
    assert all(pid_of(name, folder) for name in victims)
    assert demo.end(signal.SIGTERM) == 0


def test_a_second_demo_in_the_folder_is_refused(folder: Path) -> None:
    first = on_free_ports(folder)
    assert wait_until(lambda: "Starting PostgreSQL" in first.said, START_SECONDS)

    second = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        env=os.environ | {"DATA_DIR": str(folder)},
        cwd=BASE_DIR,
        capture_output=True,
        check=False,
        text=True,
    )

    assert second.returncode == 1
    assert f"already running in this folder (process {first.process.pid})" in (
        second.stderr
    )
    first.end(signal.SIGTERM)


def test_a_taken_port_that_was_asked_for_is_refused(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]

        demo = Demo(folder, "--port", str(port))

        assert demo.process.wait(START_SECONDS) == 1
    assert f"Port {port} is taken" in demo.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@linux_only
def test_a_stop_while_starting_leaves_nothing(
    folder: Path, number: signal.Signals
) -> None:
    demo = on_free_ports(folder)
    assert wait_until(lambda: "Preparing the database" in demo.said, START_SECONDS)

    demo.process.send_signal(number)
    demo.process.send_signal(number)

    assert demo.process.wait(STOP_SECONDS) == 0, demo.said
    assert processes_of(folder) == []


def is_ready(url: str) -> bool:
    """Whether the web server, its database and its broker answer."""
    try:
        with urllib.request.urlopen(f"{url}/healthz/ready") as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
    except OSError:
        return False


def pid_of(name: str, folder: Path) -> int:
    """The first process of that child of the demo."""
    marks = {"beat": " beat ", "sandbox": " amc_sandbox ", "valkey": "valkey-server "}
    mark = marks.get(name, f"{name} -D ")
    pids = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if mark in _text_of(process / "cmdline")
        and str(folder) in _text_of(process / "cmdline") + _text_of(process / "environ")
    ]
    return min(pids, default=0)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
