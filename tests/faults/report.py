"""One line per fault, and a closing table that joins the parts of a divided run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.faults.trial import Verdict

FOLDER = Path(os.environ.get("FAULTS_REPORT", ".data/faults"))


class Report:
    """Verdicts of this session, kept in a file beside those of other shards."""

    def __init__(self, folder: Path = FOLDER) -> None:
        shard = os.environ.get("SHARD", "1/1").replace("/", "-of-")
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{shard}.jsonl"
        self.file.write_text("", encoding="utf-8")

    def add(self, verdict: Verdict) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(verdict.as_json() + "\n")
        sys.stdout.write(f"\n{verdict.line()}\n")

    def table(self) -> list[str]:
        """All parts of this division of the faults, as far as they are done."""
        parts = self.file.name.partition("-of-")[2]
        verdicts = [
            Verdict(**json.loads(line))
            for path in self.file.parent.glob(f"*-of-{parts}")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        verdicts.sort(key=lambda verdict: verdict.fault)
        lines = [verdict.line() for verdict in verdicts]
        return [*lines, _total(verdicts)]


def _total(verdicts: list[Verdict]) -> str:
    broken = [verdict.fault for verdict in verdicts if verdict.wrong]
    slots = sum(verdict.expected for verdict in verdicts)
    executions = sum(verdict.executions for verdict in verdicts)
    worst = max((verdict.worst_delay for verdict in verdicts), default=0.0)
    return (
        f"{len(verdicts)} faults, {slots} slots, {executions} executions, "
        f"worst delay {worst:.1f} s, "
        + (f"BROKEN: {', '.join(broken)}" if broken else "all hold")
    )
