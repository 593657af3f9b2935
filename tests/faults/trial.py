"""One fault: a world is made, hurt, healed, and looked at from all sides."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.amc.server import Amc
from tests.faults import checker
from tests.faults.checker import Database, Era, Plan
from tests.faults.clock import Clock
from tests.faults.settings import RATE
from tests.faults.stack import Stack
from tests.makers import NOON

FIRST = NOON + timedelta(minutes=1)
QUIET_SECONDS = 90.0
OPEN = (
    "SELECT count(*) FROM schedule_runs WHERE state IN ('PENDING','WAITING','RUNNING')"
)
STRAYS = "SELECT count(*) FROM amc_strays WHERE ended_at IS NULL"
SLOWEST = """
SELECT coalesce(max(extract(epoch FROM created_at - scheduled_for)), 0)
  FROM schedule_runs WHERE trigger = 'schedule'
"""


@dataclass(kw_only=True)
class Verdict:
    """One line of the report."""

    fault: str
    seed: int
    expected: int = 0
    found: int = 0
    executions: int = 0
    worst_delay: float = 0.0  # seconds of this machine, from slot to row
    seconds: float = 0.0
    bites: int = 0
    states: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        states = ", ".join(f"{many} {state}" for state, many in self.states.items())
        end = "invariants hold" if not self.wrong else f"BROKEN: {self.wrong[0]}"
        return (
            f"{self.fault:<6} seed {self.seed}  slots {self.found}/{self.expected}  "
            f"executions {self.executions}  worst delay {self.worst_delay:.1f} s  "
            f"bites {self.bites}  {self.seconds:.0f} s  {states or 'no runs'}  {end}"
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self))


class Trial:
    """What a fault test works with."""

    def __init__(self, *, fault: str, seed: int, stack: Stack, amc: Amc, clock: Clock):
        self.fault = fault
        self.stack = stack
        self.amc = amc
        self.clock = clock
        self.dice = random.Random(f"{seed} {fault}")
        self.database = Database(stack.database_url)
        self.verdict = Verdict(fault=fault, seed=seed)
        self.is_over = False
        self._firsts: dict[int, datetime] = {}
        self._begun = time.monotonic()
        self._looked_at = 0.0

    # --- Before ---------------------------------------------------------------------

    def begin(
        self,
        *schedules: dict[str, Any],
        start: datetime = NOON,
        rate: float = RATE,
        **world: Any,
    ) -> None:
        """Empty everything, make this world, and let time begin at `start`.

        An `aligned` schedule begins with the first slot of its rule.
        """
        first = (start + timedelta(minutes=1)).isoformat()
        self.clock.set(start - timedelta(hours=1), rate=0)  # nothing is due yet
        wishes = [{"next_run_at": first, **wish} for wish in schedules]
        self._seed({**world, "schedules": wishes})
        self._firsts = {
            row["id"]: row["next_run_at"]
            for row in self.database.rows(
                "SELECT id, next_run_at FROM workflow_schedules"
            )
        }
        # What the fault before has left under way finds its rows gone by now.
        self.stack.redis.flushall()
        self.amc.reset()
        self.clock.set(start, rate=rate)

    def first_slot(self, schedule: int) -> datetime:
        return self._firsts[schedule]

    def _seed(self, world: dict[str, Any]) -> None:
        subprocess.run(
            [sys.executable, "-m", "tests.faults.seeding"],
            input=json.dumps(world),
            env=dict(self.stack.program("seeding").environ),
            cwd=self.stack.source,
            check=True,
            text=True,
        )

    # --- Meanwhile ------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        self.wait_until(lambda: False, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Look after the processes, and at what may not break for a moment."""

        def is_reached() -> bool:
            self._look()
            return condition()

        return self.stack.wait_until(is_reached, seconds)

    def await_bite(self, point: str, times: int = 1, seconds: float = 40.0) -> None:
        """Until the point was reached so often; a fault that did not bite failed."""
        points = self.stack.points
        self.wait_until(lambda: points.bitten(point) >= times, seconds)
        found = points.bitten(point)
        assert found >= times, f"{point} was to bite {times}×, it did {found}×"
        self.bit(found)

    def bit(self, times: int) -> None:
        """Count what did harm. A fault without harm fails its test."""
        self.verdict.bites += times

    def count(self, query: str, **terms: Any) -> int:
        """A number from the database; -1 while it is away."""
        try:
            return self.database.number(query, **terms)
        except psycopg.Error:
            return -1

    def runs(self, where: str = "true") -> int:
        return self.count(f"SELECT count(*) FROM schedule_runs WHERE {where}")

    def silent_workers(self, seconds: float) -> list[str]:
        """Workers that take nothing from their queue, though there is something.

        Messages for rows that do not exist are taken and forgotten.
        """
        workers = self.stack.names("worker")
        before = {name: self._taken(name) for name in workers}

        def silent() -> list[str]:
            return [name for name in workers if self._taken(name) <= before[name]]

        def nobody_is_silent() -> bool:
            for name in silent():
                self.stack.send_for_nothing(name.split("-")[1])
            return not silent()

        self.wait_until(nobody_is_silent, seconds)
        return silent()

    def _taken(self, worker: str) -> int:
        return self.stack.log(worker).count(" received ")

    def _look(self) -> None:
        if time.monotonic() - self._looked_at < 1:
            return
        self._looked_at = time.monotonic()
        with suppress(psycopg.Error):
            found = checker.broken_invariants(self.database, checker.ALWAYS)
            self.verdict.wrong += [f"meanwhile {each}" for each in found]

    # --- After ----------------------------------------------------------------------

    def conclude(
        self,
        *,
        quiet_seconds: float = QUIET_SECONDS,
        only_in: Iterable[str] | None = None,
        heal: bool = True,
        plan: Callable[[dict[int, Plan]], dict[int, Plan]] | None = None,
    ) -> Verdict:
        """Heal, wait for quiet, compare everything, and fail for whatever is wrong."""
        if heal:
            self.stack.heal()
            self.amc.clear_faults()
        halted = self._halt()
        plans = halted | (plan(halted) if plan else {})
        self._await_quiet(quiet_seconds)
        self._judge(plans)
        verdict = self.verdict
        if only_in is not None:
            others = {s: n for s, n in verdict.states.items() if s not in only_in}
            verdict.wrong += [f"{many} runs {state}" for state, many in others.items()]
        if not verdict.bites:
            verdict.wrong.append("the fault did not bite")
        verdict.seconds = time.monotonic() - self._begun
        self.is_over = True
        assert not verdict.wrong, "\n".join(verdict.wrong[:20])
        return verdict

    def _halt(self) -> dict[int, Plan]:
        """No schedule is overdue any more; then let none become due again."""
        is_done = self.wait_until(lambda: self.count(checker.OVERDUE) == 0, 40)
        if not is_done:
            self.verdict.wrong.append("I9 schedules are overdue 40 s after the end")
        return {
            row["id"]: Plan(
                eras=(
                    Era(
                        cron=row["cron_expression"],
                        timezone=row["timezone"],
                        first=self._firsts[row["id"]],
                        end=row["next_run_at"],
                    ),
                )
            )
            for row in self.database.rows(checker.HALT)
        }

    def _await_quiet(self, seconds: float) -> None:
        def is_quiet() -> bool:
            return self.count(OPEN) == 0 and self.count(STRAYS) == 0

        if not self.wait_until(is_quiet, seconds):
            rows = self.database.rows(
                "SELECT r.id, r.state, r.reason, e.state AS execution, e.claims,"
                " e.sending_at, e.next_poll_at, r.next_action_at, amc_now() AS now"
                " FROM schedule_runs r LEFT JOIN workflow_executions e"
                " ON e.id = r.execution_id"
                " WHERE r.state IN ('PENDING','WAITING','RUNNING') LIMIT 3"
            )
            self.verdict.wrong.append(f"not quiet after {seconds:.0f} s: {rows}")

    def _judge(self, plans: dict[int, Plan]) -> None:
        verdict, database = self.verdict, self.database
        names: Sequence[str] = [*checker.INVARIANTS, *checker.MORE_INVARIANTS]
        verdict.wrong += checker.broken_invariants(database, names)
        verdict.expected, verdict.found, wrong = checker.wrong_slots(database, plans)
        verdict.wrong += wrong
        verdict.executions, wrong = checker.wrong_at_amazon(database, self.amc)
        verdict.wrong += wrong
        verdict.wrong += checker.leaked_secrets(database, self.stack.folder / "logs")
        verdict.wrong += self._leftovers()
        verdict.worst_delay = database.number(SLOWEST) / self.clock.rate
        verdict.states = {
            row["what"]: row["many"]
            for row in database.rows(
                "SELECT trim(state || ' ' || reason) AS what, count(*) AS many"
                " FROM schedule_runs GROUP BY 1 ORDER BY 1"
            )
        }

    def _leftovers(self) -> list[str]:
        """Drafts of killed collectors go when the next result is collected."""
        drafts = checker.leftovers(self.stack.folder / "results")
        young = [path for path in drafts if time.time() - path.stat().st_mtime < 600]
        return [f"left behind: {path}" for path in drafts if path not in young]


MIXED = (
    {"copies": 4, "overlap_policy": "allow", "missed_policy": "all"},
    {"copies": 3, "overlap_policy": "skip", "targets": 2},
    {"copies": 3, "overlap_policy": "wait", "missed_policy": "none"},
)
