"""One execution at the sandbox: its words, its pace, and the moves it may make."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from instances.sandbox.faults import Rule
from instances.sandbox.submission import Submission
from instances.sandbox.world import Instance


class Status(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PUBLISHING = "PUBLISHING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.REJECTED, Status.CANCELLED})
BUSY = frozenset({Status.RUNNING, Status.PUBLISHING})
"""Takes one of the places of its instance and account."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long each part of an execution takes on the sandbox clock."""

    waiting: timedelta
    running: timedelta
    publishing: timedelta


def pace_of(execution_id: str, *, speed: float) -> Pace:
    """One to four seconds times `speed`, the same for the same id."""
    digest = hashlib.sha256(execution_id.encode()).digest()
    whole = timedelta(seconds=speed * (1 + 3 * digest[0] / 255))
    return Pace(waiting=whole * 0.1, running=whole * 0.75, publishing=whole * 0.15)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the SQL, known before the clock lets it be seen."""

    status: Status
    reason: str = ""
    files: tuple[Path, ...] = ()
    metadata_files: tuple[Path, ...] = ()
    columns: tuple[Mapping[str, str], ...] = ()
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Move:
    at: datetime
    status: Status


@dataclass(kw_only=True)
class Execution:
    """Changes only through `capacity` (starts, ends) and `cancel`."""

    id: str
    number: int
    """In the order of creation, over all instances."""
    instance: Instance
    workflow_id: str
    submission: Submission
    mark: str
    created_at: datetime
    requested_by: str
    pace: Pace
    fates: tuple[Rule, ...] = ()
    outcome: Outcome | None = None
    started_at: datetime | None = None
    seen_running_at: datetime | None = None
    """When somebody was told RUNNING though it was due; it cannot have ended before."""
    reason: str = ""
    history: list[Move] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.move(Status.PENDING, at=self.created_at)

    @property
    def status(self) -> Status:
        return self.history[-1].status

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def updated_at(self) -> datetime:
        return self.history[-1].at

    def move(self, status: Status, *, at: datetime) -> None:
        self.history.append(Move(at=at, status=status))

    def fate(self, kind: str) -> Rule | None:
        """The fault of this kind that it was born with."""
        return next((rule for rule in self.fates if rule.kind.name == kind), None)

    def lasting_fate(self, kind: str) -> Rule | None:
        """The same, while nobody has cleared the fault."""
        rule = self.fate(kind)
        return None if rule is None or rule.cleared else rule

    def is_stuck_in(self, status: Status) -> bool:
        rule = self.lasting_fate("stuck")
        return rule is not None and rule.word("status") == status

    @property
    def shown_status(self) -> str:
        rule = self.lasting_fate("unknown_status")
        return rule.word("word") if rule else self.status

    @property
    def ready_at(self) -> datetime:
        """When it may start, if there is a place."""
        return self.created_at + self.pace.waiting

    @property
    def times_out_at(self) -> datetime | None:
        """Amazon's own limit on running, counted from the start."""
        if self.started_at is None:
            return None
        limit = timedelta(seconds=self.submission.timeout_seconds)
        return self.started_at + limit

    @property
    def work_ends_at(self) -> datetime | None:
        """When the SQL is to be done, if nothing holds it up."""
        if self.started_at is None:
            return None
        due = self.started_at + self.pace.running
        return max(due, self.seen_running_at or due)

    def cancel(self, *, now: datetime) -> bool:
        """False when it has ended or is writing its result: too late."""
        if self.status not in (Status.PENDING, Status.RUNNING):
            return False
        self.move(Status.CANCELLED, at=now)
        return True
