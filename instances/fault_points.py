"""Named points in the code at which a fault test lets a process die, freeze or wait.

Without FAULT_POINTS in the environment a point costs one call of an empty function.
With it, it names a folder: a file `<point>.armed` there says what is done to whom.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "FAULT_POINTS"


class FaultInjected(Exception):
    """What an armed point raises when it was told to."""


class Points:
    """What the folder says of each point; counts are shared by all processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def reach(self, name: str, subject: int | None = None) -> None:
        """Suffer what is armed at this point, if it is this process' turn.

        `subject` is whom the process works for; a plan may be for `only` one.
        """
        armed = self.folder / f"{name}.armed"
        try:
            plan = json.loads(armed.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # not armed, or being disarmed
            return
        if plan.get("only", subject) != subject:
            return
        number = self._numbered(f"{name}.reached")
        first = plan.get("skip", 0) + 1
        if first <= number < first + plan.get("times", 1):
            self._numbered(f"{name}.bitten")
            _suffer(plan)

    def _numbered(self, name: str) -> int:
        """Note that this process was here; returns how many were, this one included."""
        with (self.folder / name).open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            number = sum(1 for _ in file) + 1
            file.write(f"{os.getpid()} {os.getppid()} {time.time():.3f}\n")
            return number


def _suffer(plan: dict[str, Any]) -> None:
    """`kill` this process or its `group`, `stop` it, let it `sleep` or `raise`."""
    match plan["do"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill_group":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "sleep":
            time.sleep(plan["seconds"])
        case "raise":
            raise FaultInjected(plan.get("text", "A fault was injected."))


def _nothing(name: str, subject: int | None = None) -> None:
    """The point as production knows it."""


def _made(folder: str) -> Callable[..., None]:
    return Points(Path(folder)).reach if folder else _nothing


fault_point = _made(os.environ.get(VARIABLE, ""))
