"""Arming the fault points of `instances.fault_points` from outside the processes."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.embedded.processes import wait_until

WAIT_SECONDS = 40.0


class FaultPoints:
    """A folder that the processes of the product look into at each point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def arm(self, name: str, do: str, **plan: Any) -> None:
        """From now on the `times` (1) next processes after `skip` (0) suffer `do`."""
        self.disarm(name)
        draft = self.folder / f"{name}.draft"
        draft.write_text(json.dumps({"do": do} | plan), encoding="utf-8")
        draft.rename(self.folder / f"{name}.armed")

    def disarm(self, name: str) -> None:
        """Forget the point and who came by."""
        for path in self.folder.glob(f"{name}.*"):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Disarm all points, and wake who was stopped at one."""
        for pid in self.stopped():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)

    def bitten(self, name: str) -> int:
        """How many processes suffered there."""
        return len(self._lines(f"{name}.bitten"))

    def pids(self, name: str) -> list[int]:
        """Who suffered there."""
        return [int(line.split()[0]) for line in self._lines(f"{name}.bitten")]

    def stopped(self) -> list[int]:
        """Who stands still at a point."""
        return [
            pid
            for path in self.folder.glob("*.bitten")
            for pid in self.pids(path.stem)
            if is_stopped(pid)
        ]

    def await_bite(self, name: str, times: int = 1) -> None:
        """A point that nobody reached proves nothing: then the test fails."""
        wait_until(lambda: self.bitten(name) >= times, WAIT_SECONDS)
        found = self.bitten(name)
        assert found >= times, f"point {name} was to bite {times}×, it did {found}×"

    def _lines(self, name: str) -> list[str]:
        try:
            return (self.folder / name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []


def is_stopped(pid: int) -> bool:
    """Whether a process stands still by SIGSTOP."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "T"
