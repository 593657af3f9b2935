"""Everything one running sandbox holds, and how it is put together."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from instances.sandbox.capacity import Caps
from instances.sandbox.clock import SandboxClock
from instances.sandbox.engine_room import EngineRoom, SqlEngine
from instances.sandbox.faults import Faults
from instances.sandbox.ledger import Ledger
from instances.sandbox.progress import Progress
from instances.sandbox.store import Executions, Workflows
from instances.sandbox.tokens import Tokens
from instances.sandbox.world import build_world

RESULTS = "results-"
LEFT_BEHIND_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`now`: where the clock starts; None: at the machine's time."""

    data_dir: Path
    speed: float = 1.0
    now: datetime | None = None
    accounts: int = 1
    record_answers: bool = False
    patience_seconds: float = 2.0
    """How long a look waits for SQL that the clock says is done; see Progress."""
    caps: Caps = field(default_factory=Caps)


class Sandbox:
    """What it holds can be emptied by `reset`; the world and the engine stay."""

    def __init__(
        self, settings: Settings, *, open_engine: Callable[[SandboxClock], SqlEngine]
    ) -> None:
        self.settings = settings
        self.clock = SandboxClock(start=settings.now)
        self.world = build_world(settings.accounts)
        self.tokens = Tokens(self.world)
        self.ledger = Ledger(record_answers=settings.record_answers)
        self.engine_room = EngineRoom(lambda: open_engine(self.clock))
        self._results = results_folder(settings.data_dir)
        self.life = 0
        """Counts resets, so that what began before one cannot reach beyond it."""
        self._begin()

    def _begin(self) -> None:
        self.faults = Faults()
        self.workflows = Workflows()
        self.executions = Executions()
        self.progress = Progress(
            clock=self.clock,
            executions=self.executions,
            engine_room=self.engine_room,
            results=self.results,
            speed=self.settings.speed,
            patience_seconds=self.settings.patience_seconds,
            caps=self.settings.caps,
        )

    @property
    def results(self) -> Path:
        return Path(self._results.name)

    def reset(self) -> None:
        """As if just started, but for the numbers in the ledger, which run on."""
        for account_id in self.world.accounts:
            self.progress.drop_jobs(self.executions.open_of(account_id))
        self.faults.clear_all()
        self.tokens.reset()
        self.clock.reset()
        self.ledger.reset()
        for folder in self.results.iterdir():
            shutil.rmtree(folder, ignore_errors=True)
        self.life += 1
        self._begin()

    def forget_old(self) -> None:
        for execution in self.executions.forget_old():
            shutil.rmtree(self.results / execution.id, ignore_errors=True)

    def stop(self) -> None:
        self.engine_room.stop()
        self._results.cleanup()


def results_folder(data_dir: Path) -> tempfile.TemporaryDirectory[str]:
    """One of our own; those that killed sandboxes left behind go. Raises OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for left in data_dir.glob(f"{RESULTS}*"):
        if time.time() - left.stat().st_mtime > LEFT_BEHIND_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=RESULTS, dir=data_dir)
