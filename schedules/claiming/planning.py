"""What becomes of the due slots of one target. Pure: values in, values out.

The words of states and reasons are those of schedules.states and of `schedule_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

State = Literal["PENDING", "WAITING", "SKIPPED"]
Reason = Literal[
    "", "overlap", "missed", "duplicate", "target_paused", "schedule_paused"
]

# A late slot still runs within half the gap to the next one, between these.
SHORTEST_CATCH_UP = timedelta(minutes=10)
LONGEST_CATCH_UP = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueSlots:
    """What of a rule is due, each part oldest first, and where the rule goes on.

    `covered` is the newest of the slots that get no row of their own, after a long
    outage; its row stands for all of them, from `covers_from` on.
    """

    covered: datetime | None = None
    covers_from: datetime | None = None
    late: tuple[datetime, ...] = ()
    on_time: tuple[datetime, ...] = ()
    next_slot: datetime

    def __len__(self) -> int:
        return (self.covered is not None) + len(self.late) + len(self.on_time)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What its schedule says about late slots and about meeting other runs."""

    missed: str = "latest"
    catch_up_limit: int = 10
    overlap: str = "skip"
    dedup_window: timedelta = timedelta(minutes=5)
    # How long a caught-up run waits for the one before it.
    patience: timedelta = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class ManualRun:
    """A run by hand that has not ended FAILED, CANCELLED or SKIPPED."""

    id: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetFacts:
    """What the database says of a target when its slots are claimed."""

    is_paused: bool = False
    # The exclusive run that keeps it busy, waiting for a credential excepted.
    busy_with: int | None = None
    manual_runs: tuple[ManualRun, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRun:
    """The row that a slot gets.

    It waits for, or gave way to, the stored run `blocked_by`, or the run of the slot
    `behind` in the same plan. `give_up_at` is set while it waits.
    """

    slot: datetime
    state: State
    reason: Reason = ""
    covers_from: datetime | None = None
    blocked_by: int | None = None
    behind: datetime | None = None
    give_up_at: datetime | None = None
    # It waits its turn whatever the overlap policy says.
    in_turn: bool = False


def plan(
    due: DueSlots, policy: Policy, target: TargetFacts, *, now: datetime
) -> tuple[PlannedRun, ...]:
    """One row per due slot of a target, oldest first."""
    if target.is_paused:
        return skip_all(due, "target_paused")
    wanted = wanted_slots(due, policy, now=now)
    duplicates = dict(_duplicates(wanted, policy, target))
    to_run = [slot for slot in wanted if slot not in duplicates]
    rows = [
        *_covering(due, "missed"),
        *(_skipped(slot, "missed") for slot in due.late if slot not in wanted),
        *(_skipped(slot, "duplicate", by=run) for slot, run in duplicates.items()),
    ]
    if policy.missed == "all" and any(slot in due.late for slot in to_run):
        rows += _in_turn(to_run, policy, target, now)
    else:
        rows += _by_overlap(to_run, due, policy, target, now)
    return tuple(sorted(rows, key=lambda row: row.slot))


def skip_all(due: DueSlots, reason: Reason) -> tuple[PlannedRun, ...]:
    """Every slot skipped for one reason."""
    skipped = (_skipped(slot, reason) for slot in (*due.late, *due.on_time))
    return (*_covering(due, reason), *skipped)


def wanted_slots(
    due: DueSlots, policy: Policy, *, now: datetime
) -> tuple[datetime, ...]:
    """The slots that policy does not let pass as missed, oldest first."""
    return (*_caught_up(due, policy, now), *due.on_time)


def catch_up_window(slot: datetime, following: datetime) -> timedelta:
    """How late a slot may be run that the slot `following` has not replaced yet."""
    return min(max((following - slot) / 2, SHORTEST_CATCH_UP), LONGEST_CATCH_UP)


def _caught_up(due: DueSlots, policy: Policy, now: datetime) -> tuple[datetime, ...]:
    """The late slots that run, oldest first."""
    if not due.late:
        return ()
    newest = due.late[-1]
    match policy.missed:
        case "all":
            return due.late[max(len(due.late) - policy.catch_up_limit, 0) :]
        case "latest" if not due.on_time:
            is_fresh = now - newest <= catch_up_window(newest, due.next_slot)
            return (newest,) if is_fresh else ()
        case _:
            return ()


def _duplicates(
    slots: Iterable[datetime], policy: Policy, target: TargetFacts
) -> Iterator[tuple[datetime, int]]:
    """The slots shortly before which somebody ran the target by hand, and that run."""
    if not policy.dedup_window:
        return
    for slot in slots:
        for run in target.manual_runs:
            if slot - policy.dedup_window <= run.created_at <= slot:
                yield slot, run.id
                break


def _in_turn(
    slots: list[datetime], policy: Policy, target: TargetFacts, now: datetime
) -> list[PlannedRun]:
    """One after another, oldest first, behind what keeps the target busy."""
    give_up_at = now + policy.patience
    rows = [
        PlannedRun(slot=slots[0], state="PENDING", in_turn=True)
        if target.busy_with is None
        else _waiting(slots[0], give_up_at, by=target.busy_with, in_turn=True)
    ]
    for before, slot in pairwise(slots):
        rows.append(_waiting(slot, give_up_at, behind=before, in_turn=True))
    return rows


def _by_overlap(
    slots: list[datetime],
    due: DueSlots,
    policy: Policy,
    target: TargetFacts,
    now: datetime,
) -> list[PlannedRun]:
    """Slots that meet other runs of the target as the overlap policy says."""
    if policy.overlap == "allow":
        return [PlannedRun(slot=slot, state="PENDING") for slot in slots]
    rows: list[PlannedRun] = []
    by, behind = target.busy_with, None
    for slot in slots:
        if by is None and behind is None:
            rows.append(PlannedRun(slot=slot, state="PENDING"))
            behind = slot
            continue
        following = next((s for s in due.on_time if s > slot), due.next_slot)
        if policy.overlap == "wait" and following > now:
            rows.append(_waiting(slot, following, by=by, behind=behind))
        else:
            rows.append(_skipped(slot, "overlap", by=by, behind=behind))
    return rows


def _waiting(
    slot: datetime,
    give_up_at: datetime,
    *,
    by: int | None = None,
    behind: datetime | None = None,
    in_turn: bool = False,
) -> PlannedRun:
    return PlannedRun(
        slot=slot,
        state="WAITING",
        reason="overlap",
        blocked_by=by,
        behind=behind,
        give_up_at=give_up_at,
        in_turn=in_turn,
    )


def _skipped(
    slot: datetime,
    reason: Reason,
    *,
    by: int | None = None,
    behind: datetime | None = None,
) -> PlannedRun:
    return PlannedRun(
        slot=slot, state="SKIPPED", reason=reason, blocked_by=by, behind=behind
    )


def _covering(due: DueSlots, reason: Reason) -> list[PlannedRun]:
    """The one row for what a long outage left behind."""
    if due.covered is None:
        return []
    return [
        PlannedRun(
            slot=due.covered,
            state="SKIPPED",
            reason=reason,
            covers_from=due.covers_from,
        )
    ]
