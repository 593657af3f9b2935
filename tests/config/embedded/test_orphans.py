"""What an earlier start left behind: a pid file, and perhaps its process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from config.embedded import processes
from config.embedded.orphans import stop_orphan
from tests.config.embedded.programs import (
    DEAF,
    SLEEPER,
    has_said,
    python,
    unrelated_process,
)


@pytest.mark.parametrize("content", ["", "nonsense", "999999999"])
def test_a_pid_file_without_a_process_is_removed(tmp_path: Path, content: str) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(content)

    stop_orphan(pid_file, tmp_path, signal.SIGINT)

    assert not pid_file.exists()


def test_no_pid_file_is_no_problem(tmp_path: Path) -> None:
    stop_orphan(tmp_path / "postmaster.pid", tmp_path, signal.SIGINT)


def test_a_stranger_with_our_old_pid_is_left_alone(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    with unrelated_process() as stranger:
        pid_file.write_text(f"{stranger.pid}\n/some/where\n")

        stop_orphan(pid_file, tmp_path, signal.SIGINT)

        assert stranger.poll() is None
        stranger.kill()
    assert not pid_file.exists()


def test_our_own_orphan_is_ended(tmp_path: Path) -> None:
    command = python(SLEEPER, tmp_path / "orphan.log")
    orphan = processes.start(
        processes.Command(
            name="orphan", argv=[*command.argv, tmp_path], log=command.log
        )
    )
    assert processes.wait_until(has_said(command.log, "ready"), 10)
    (tmp_path / "orphan.pid").write_text(str(orphan.pid))

    stop_orphan(tmp_path / "orphan.pid", tmp_path, signal.SIGTERM)

    assert orphan.wait(5) == -signal.SIGTERM


def test_a_deaf_orphan_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.embedded.orphans.GRACE_SECONDS", 0.1)
    command = python(DEAF, tmp_path / "orphan.log")
    orphan = processes.start(
        processes.Command(
            name="orphan", argv=[*command.argv, tmp_path], log=command.log
        )
    )
    assert processes.wait_until(has_said(command.log, "ready"), 10)
    (tmp_path / "orphan.pid").write_text(str(orphan.pid))

    stop_orphan(tmp_path / "orphan.pid", tmp_path, signal.SIGTERM)

    assert orphan.wait(5) == -signal.SIGKILL
