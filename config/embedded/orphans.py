"""Processes that an earlier start left behind, found through their pid files."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from config.embedded.processes import wait_until

GRACE_SECONDS = 15.0


def stop_orphan(pid_file: Path, mark: Path, stop_signal: signal.Signals) -> None:
    """End the process of a stale pid file, then remove the file.

    The pid may meanwhile belong to a stranger, who is left alone: ours has `mark`
    (its data folder or configuration) among its arguments. Call it only while
    holding the data folder's lock.
    """
    pid = _first_number(pid_file)
    if pid is not None and str(mark) in command_line(pid):
        _end(pid, mark, stop_signal)
    pid_file.unlink(missing_ok=True)


def command_line(pid: int) -> str:
    """The arguments of a running process; empty when there is none."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "" if Path("/proc/self").exists() else _command_line_from_ps(pid)
    return raw.replace(b"\0", b" ").decode(errors="replace")


def _command_line_from_ps(pid: int) -> str:
    """Systems without /proc (macOS) have `ps`."""
    listed = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)],  # noqa: S607 - where it is varies
        capture_output=True,
        check=False,
        text=True,
    )
    return listed.stdout


def _first_number(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _end(pid: int, mark: Path, stop_signal: signal.Signals) -> None:
    def is_gone() -> bool:
        return str(mark) not in command_line(pid)

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    if not wait_until(is_gone, GRACE_SECONDS):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(is_gone, GRACE_SECONDS)
