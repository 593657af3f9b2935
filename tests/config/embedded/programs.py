"""Small Python programs that tests start as processes, and looks at processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from config.embedded.child import Child
from config.embedded.orphans import command_line
from config.embedded.processes import Command, wait_until

SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
DEAF = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('ready', flush=True)\ntime.sleep(60)"
)


def python(code: str, log: Path, **changes: object) -> Command:
    """A command that runs the code, its output in `log`."""
    argv = [sys.executable, "-c", code]
    return Command(**({"name": log.stem, "argv": argv, "log": log} | changes))  # type: ignore[arg-type] # a test's freedom


def python_child(code: str, log: Path, **changes: object) -> Child:
    """A child that is ready once it has printed `ready`."""
    return Child(command=python(code, log, **changes), is_ready=has_said(log, "ready"))


def has_said(log: Path, word: str) -> Callable[[], bool]:
    return lambda: log.exists() and word in log.read_text()


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie has no command line left."""
    return command_line(pid) != ""


def assert_ends(pid: int, seconds: float = 10) -> None:
    assert wait_until(lambda: not is_alive(pid), seconds), command_line(pid)


def unrelated_process() -> subprocess.Popen[bytes]:
    """Somebody else's process, whose pid may stand in one of our stale files."""
    return subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.DEVNULL)
