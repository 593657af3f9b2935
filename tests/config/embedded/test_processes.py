"""Child processes end when they are told to, and when we are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from config.embedded import processes
from tests.config.embedded.programs import (
    DEAF,
    SLEEPER,
    assert_ends,
    has_said,
    is_alive,
    python,
)

PARENT_OF_A_SLEEPER = """
import sys, time
from pathlib import Path
from config.embedded.processes import Command, start
argv = [sys.executable, "-c", "import time; time.sleep(60)"]
process = start(Command(name="sleeper", argv=argv, log=Path(sys.argv[1])))
print(process.pid, flush=True)
time.sleep(60)
"""
PARENT_OF_A_GRANDCHILD = """
import subprocess, sys, time
code = "import time; time.sleep(60)"
print("pid", subprocess.Popen([sys.executable, "-c", code]).pid, "ready", flush=True)
time.sleep(60)
"""


def started(command: processes.Command) -> subprocess.Popen[bytes]:
    process = processes.start(command)
    assert processes.wait_until(has_said(command.log, "ready"), 10)
    return process


def test_a_process_is_asked_to_stop(tmp_path: Path) -> None:
    command = python(SLEEPER, tmp_path / "sleeper.log")
    process = started(command)

    processes.stop(process, command)

    assert process.returncode == -signal.SIGTERM


def test_who_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    command = python(DEAF, tmp_path / "deaf.log", grace_seconds=0.1)
    process = started(command)

    processes.stop(process, command)

    assert process.returncode == -signal.SIGKILL


def test_what_a_stopped_process_leaves_behind_is_killed(tmp_path: Path) -> None:
    command = python(PARENT_OF_A_GRANDCHILD, tmp_path / "parent.log")
    process = started(command)
    grandchild = int(command.log.read_text().split()[1])
    assert is_alive(grandchild)

    processes.stop(process, command)

    assert_ends(grandchild)


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    log = tmp_path / "sleeper.log"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT_OF_A_SLEEPER, log], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_alive(child)

        parent.kill()

    assert_ends(child)


def test_output_and_errors_are_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "talker.log"
    code = "import sys; print('out', flush=True); sys.exit('err')"

    codes = [processes.run_to_end(python(code, log)) for _ in range(2)]

    assert codes == [1, 1]
    assert log.read_text().split() == ["out", "err", "out", "err"]


def test_a_child_does_not_share_our_terminal(tmp_path: Path) -> None:
    log = tmp_path / "session.log"
    processes.run_to_end(python("import os; print(os.getsid(0), os.getpid())", log))

    session, pid = log.read_text().split()
    assert session == pid != str(os.getsid(0))


def test_logs_of_the_start_before_are_kept_aside(tmp_path: Path) -> None:
    for content in ("first", "second"):
        (tmp_path / "web.log").write_text(content)
        processes.set_logs_aside(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["web.log.before"]
    assert (tmp_path / "web.log.before").read_text() == "second"
