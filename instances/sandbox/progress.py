"""Moves executions on when somebody looks, and has their SQL run meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from instances.sandbox.capacity import Caps, advance, awaited_since
from instances.sandbox.clock import SandboxClock
from instances.sandbox.engine_room import EngineRoom
from instances.sandbox.executions import Execution, Outcome, Status
from instances.sandbox.jobs import foretold, job_of, perform
from instances.sandbox.store import Executions

LONG_AGO = datetime.min.replace(tzinfo=UTC)
PATIENCE_AT_ONCE_SECONDS = 20.0
"""At speed 0 nothing but the SQL takes time, so a look waits for it longer."""


class Progress:
    """The SQL is run when an execution is made; the clock decides when that is seen.

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
        patience_seconds: float,
        caps: Caps,
    ) -> None:
        self._clock = clock
        self._executions = executions
        self._engine_room = engine_room
        self._results = results
        self._caps = caps
        self._patience_seconds = patience_seconds
        self._jobs: dict[str, Future[Outcome]] = {}
        self._reached: dict[str, datetime] = {}
        self.speed = speed

    def begin(self, execution: Execution) -> None:
        """Have its SQL run, unless a fault has decided its end already."""
        execution.outcome = foretold(execution)
        if execution.outcome is None:
            job = job_of(execution, results=self._results)
            self._jobs[execution.id] = self._engine_room.submit(partial(perform, job))

    async def look(self, account_id: str, targets: Iterable[Execution]) -> None:
        """Bring `targets` up to date; at speed 0 that ends them."""
        patience = self._patience_seconds if self.speed else PATIENCE_AT_ONCE_SECONDS
        give_up_at = time.monotonic() + patience
        watched = list(targets)
        while True:
            now = self._clock.now()
            late = self._advance(account_id, now=now)
            watched = [execution for execution in watched if not execution.is_final]
            left = give_up_at - time.monotonic()
            if not watched or not late:
                break
            if left <= 0:
                # From here on the others need not wait for these any longer.
                watched += late
                break
            await any_done([self._jobs[e.id] for e in late], seconds=left)
        for execution in watched:
            if execution.status is Status.RUNNING:
                execution.seen_running_at = now

    def glance(self, account_id: str) -> None:
        """Bring the account up to date as far as is known; at speed 0 nothing moves."""
        if self.speed:
            self._advance(account_id, now=self._clock.now())

    async def cancel(self, execution: Execution) -> bool:
        """False when it is too late for that. At speed 0 it has not begun yet."""
        if self.speed:
            await self.look(execution.instance.account.account_id, [execution])
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

    def _advance(self, account_id: str, *, now: datetime) -> list[Execution]:
        """Returns those whose SQL is behind the clock."""
        open_ones = self._executions.open_of(account_id)
        for execution in open_ones:
            self._take_outcome(execution)
        reached = self._reached.get(account_id, LONG_AGO)
        # The clock can be set back; then what was reached is not reached any more.
        since = reached if reached <= now else LONG_AGO
        self._reached[account_id] = advance(
            open_ones, now=now, caps=self._caps, since=since
        )
        return [e for e in open_ones if is_behind(e, now=now)]

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


def is_behind(execution: Execution, *, now: datetime) -> bool:
    due = awaited_since(execution)
    return due is not None and due <= now


async def any_done(jobs: Iterable[Future[Outcome]], *, seconds: float) -> None:
    waiting = [asyncio.wrap_future(job) for job in jobs]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
