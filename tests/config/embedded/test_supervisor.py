"""The supervisor: start order, restarts, stop order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.errors import StartFailed
from config.embedded.supervisor import StopAsked, Supervisor, stop_signals_raise
from tests.config.embedded.programs import SLEEPER, assert_ends, python_child

CONFESSOR = """
import signal, sys, time
def confess(*_):
    with open(sys.argv[1], "a") as book:
        print(sys.argv[2], file=book)
    sys.exit(0)
signal.signal(signal.SIGTERM, confess)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def supervisor(notes: list[str]) -> Iterator[Supervisor]:
    with Supervisor(notes.append) as supervisor:
        yield supervisor


def test_groups_stop_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    book = tmp_path / "book"
    for name in ("database", "broker", "web"):
        child = python_child(CONFESSOR, tmp_path / f"{name}.log")
        child.command = python_child(
            CONFESSOR,
            tmp_path / f"{name}.log",
            argv=[*child.command.argv, str(book), name],
        ).command
        supervisor.start(child)

    supervisor.stop()

    assert book.read_text().split() == ["web", "broker", "database"]


def test_a_child_that_ends_at_once_is_shown_with_its_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    broken = python_child("import sys; sys.exit('no such disk')", tmp_path / "web.log")

    with pytest.raises(StartFailed, match=r"web ended at once \(exit code 1\)") as seen:
        supervisor.start(broken)

    assert "no such disk" in str(seen.value)


def test_a_child_that_never_gets_ready_is_not_waited_for_forever(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    silent = python_child("import time; time.sleep(60)", tmp_path / "web.log")
    silent.ready_seconds = 0.1

    with pytest.raises(StartFailed, match="web was not ready"):
        supervisor.start(silent)


def test_a_dead_child_is_started_again_after_its_wait(
    supervisor: Supervisor, notes: list[str], tmp_path: Path
) -> None:
    child = python_child(SLEEPER, tmp_path / "beat.log")
    supervisor.start(child)
    assert child.process
    first = child.process
    first.kill()
    first.wait()
    death = time.monotonic()

    supervisor.check(death)
    supervisor.check(death + 0.9)
    assert child.process is first
    supervisor.check(death + 1.1)

    assert child.is_running
    assert child.process is not first
    assert notes == [
        "beat ended (exit code -9); starting it again in 1 s. "
        f"Its log: {tmp_path / 'beat.log'}"
    ]


def test_a_restart_on_request_is_no_death(
    supervisor: Supervisor, notes: list[str], tmp_path: Path
) -> None:
    child = python_child(SLEEPER, tmp_path / "web.log")
    supervisor.start(child)
    assert child.process
    before = child.process.pid

    supervisor.restart(child)
    supervisor.check(time.monotonic())

    assert child.is_running
    assert child.process.pid != before
    assert notes == []
    assert_ends(before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_the_watch(
    supervisor: Supervisor, number: signal.Signals
) -> None:
    outside = signal.signal(number, signal.SIG_DFL)  # under nohup SIGHUP is ignored
    try:
        with stop_signals_raise(), pytest.raises(StopAsked, match=number.name):
            supervisor.watch(lambda: os.kill(os.getpid(), number))

        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, outside)


def test_a_second_ctrl_c_does_not_disturb_the_stop() -> None:
    with stop_signals_raise():
        with pytest.raises(StopAsked):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)


def test_nohup_stays_deaf_to_a_lost_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals_raise():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
