"""Moves executions on when somebody looks, and has their SQL run meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path

from instances.sandbox.capacity import Caps, advance, is_due
from instances.sandbox.clock import SandboxClock
from instances.sandbox.engine_room import EngineRoom
from instances.sandbox.executions import Execution, Outcome, Status
from instances.sandbox.jobs import foretold, job_of, perform
from instances.sandbox.store import Executions

PATIENCE_AT_ONCE_SECONDS = 20.0
PATIENCE_SECONDS = 2.0
"""How long a look waits for SQL that the clock says is done."""


class Progress:
    """The clock decides when an execution ends, the SQL only whether it can yet.

    A look waits a little for SQL that is behind the clock, so that what it sees
    depends on the clock alone.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        executions: Executions,
        engine_room: EngineRoom,
        results: Path,
        speed: float,
        caps: Caps,
    ) -> None:
        self._clock = clock
        self._executions = executions
        self._engine_room = engine_room
        self._results = results
        self._caps = caps
        self._jobs: dict[str, Future[Outcome]] = {}
        self.speed = speed

    async def look(self, account_id: str, targets: Iterable[Execution]) -> None:
        """Bring `targets` up to date; at speed 0 that ends them."""
        patience = PATIENCE_SECONDS if self.speed else PATIENCE_AT_ONCE_SECONDS
        give_up_at = time.monotonic() + patience
        watched = list(targets)
        while True:
            now = self._clock.now()
            late = self._advance(account_id, now=now)
            watched = [execution for execution in watched if not execution.is_final]
            left = give_up_at - time.monotonic()
            if not watched or not late or left <= 0:
                break
            await any_done(late, seconds=left)
        for execution in watched:
            if execution.status is Status.RUNNING:
                execution.seen_running_at = now

    def glance(self, account_id: str) -> None:
        """Bring the account up to date as far as is known; at speed 0 nothing moves."""
        if self.speed:
            self._advance(account_id, now=self._clock.now())

    def cancel(self, execution: Execution) -> bool:
        """False when it is too late for that."""
        self.glance(execution.instance.account.account_id)
        if not execution.cancel(now=self._clock.now()):
            return False
        self._drop_job(execution)
        return True

    def drop_jobs(self, executions: Iterable[Execution]) -> None:
        for execution in executions:
            self._drop_job(execution)

    def _drop_job(self, execution: Execution) -> None:
        job = self._jobs.pop(execution.id, None)
        if job is not None and not job.cancel():
            self._engine_room.cancel(execution.id)

    def _advance(self, account_id: str, *, now: datetime) -> list[Future[Outcome]]:
        """Returns the jobs that are behind the clock."""
        open_ones = self._executions.open_of(account_id)
        for execution in open_ones:
            self._take_outcome(execution)
        while started := advance(open_ones, now=now, caps=self._caps):
            for execution in started:
                self._set_to_work(execution, now=now)
        return [self._jobs[e.id] for e in open_ones if is_due(e, now=now)]

    def _take_outcome(self, execution: Execution) -> None:
        job = self._jobs.get(execution.id)
        if job is not None and job.done():
            del self._jobs[execution.id]
            error = job.exception()
            execution.outcome = (
                Outcome(status=Status.FAILED, reason=str(error))
                if error
                else job.result()
            )

    def _set_to_work(self, execution: Execution, *, now: datetime) -> None:
        execution.outcome = foretold(execution)
        if execution.outcome is None:
            job = job_of(execution, results=self._results, now=now)
            self._jobs[execution.id] = self._engine_room.submit(partial(perform, job))


async def any_done(jobs: Iterable[Future[Outcome]], *, seconds: float) -> None:
    waiting = [asyncio.wrap_future(job) for job in jobs]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
