"""A process that is part of the product: started, watched until ready, stopped."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from config.embedded import processes
from config.embedded.errors import StartFailed
from config.embedded.processes import Command


def _nothing_to_do() -> None:
    return None


def _always() -> bool:
    return True


@dataclass(kw_only=True)
class Child:
    """One process of the product, alive or not."""

    command: Command
    is_ready: Callable[[], bool] = _always
    ready_seconds: float = 60.0
    prepare: Callable[[], None] = _nothing_to_do  # before every start
    address: str = ""  # where people find it
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, or before it was started."""
        return self.process.poll() if self.process else None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process; `await_ready` tells when it can be used."""
        self.prepare()
        self.process = processes.start(self.command)

    def await_ready(self) -> None:
        """Raises StartFailed when the process ends or stays silent."""
        processes.wait_until(self._is_ready_or_dead, self.ready_seconds)
        if not self.is_running:
            raise StartFailed(
                f"{self.name} ended at once (exit code {self.exit_code}).",
                self.command.log,
            )
        if not self.is_ready():
            raise StartFailed(
                f"{self.name} was not ready after {self.ready_seconds:.0f} s.",
                self.command.log,
            )

    def ask_to_stop(self) -> None:
        if self.process:
            processes.ask_to_stop(self.process, self.command)

    def await_end(self) -> None:
        if self.process:
            processes.await_end(self.process, self.command)

    def stop(self) -> None:
        self.ask_to_stop()
        self.await_end()

    def _is_ready_or_dead(self) -> bool:
        return not self.is_running or self.is_ready()
