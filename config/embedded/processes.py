"""One child process: started so that it cannot outlive us, stopped in good order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.embedded.identity import Identity, become

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02
KILL_SECONDS = 5.0
ORPHANED = 70  # exit code of a child whose parent ended while it was being made


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run, and how to ask it to end."""

    name: str
    argv: Sequence[str | Path]
    log: Path
    environ: Mapping[str, str] | None = None  # None: ours
    folder: Path | None = None
    identity: Identity = Identity.SELF
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM  # sent by Linux when we are killed
    grace_seconds: float = 10.0


def start(command: Command) -> subprocess.Popen[bytes]:
    """Run the command in a session of its own, its output appended to its log.

    Must be called from the main thread: Linux counts the end of the *thread* that
    made a child as the death of its parent.
    """
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        return subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=command.environ,
            cwd=command.folder,
            preexec_fn=_preparation(command),
        )


def run_to_end(command: Command) -> int:
    """Run the command like `start`, wait for it and return its exit code."""
    process = start(command)
    try:
        return process.wait()
    finally:
        if process.poll() is None:  # we were interrupted
            process.kill()
            process.wait(KILL_SECONDS)


def stop(process: subprocess.Popen[bytes], command: Command) -> None:
    """Ask the process to end, and end it with its whole group after the grace."""
    ask_to_stop(process, command)
    await_end(process, command)


def ask_to_stop(process: subprocess.Popen[bytes], command: Command) -> None:
    """Send the command's own stop signal."""
    if process.poll() is None:
        process.send_signal(command.stop_signal)


def await_end(process: subprocess.Popen[bytes], command: Command) -> None:
    """Wait for a process that was asked to stop; whoever is left gets killed."""
    try:
        process.wait(command.grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(KILL_SECONDS)
    _kill_group(process.pid)


def set_logs_aside(folder: Path) -> None:
    """Keep the logs of the start before this one, and no older ones."""
    for log in folder.glob("*.log"):
        log.replace(log.with_suffix(".log.before"))


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def die_with_parent(stop_signal: signal.Signals) -> None:
    """Let Linux signal this process when its parent ends, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)


def _preparation(command: Command) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background shells ignore it
        become(command.identity)
        die_with_parent(command.orphan_signal)  # after `become`, which would clear it
        if os.getppid() != parent:
            os._exit(ORPHANED)

    return prepare


def _kill_group(group: int) -> None:
    """Kill what the process left behind in its group (its pid, as it led a session)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
