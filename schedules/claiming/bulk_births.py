"""The runs that a claim gives its slots: planned, born, pointing to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from instances.timing import times
from schedules.claiming import run_rows
from schedules.claiming.births import is_exclusive, newborn
from schedules.claiming.facts import ClaimFacts, read_facts
from schedules.claiming.planning import (
    DueSlots,
    PlannedRun,
    Policy,
    plan,
    skip_all,
    wanted_slots,
)
from schedules.models import Run, Schedule, Target
from schedules.states import RunState, Trigger
from workflows.models import WorkflowVersion

Fate = Literal["dispatch", "schedule_paused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """A locked schedule, its targets and what of it is due."""

    schedule: Schedule
    targets: Sequence[Target]
    due: DueSlots

    @property
    def rows(self) -> int:
        return len(self.due) * len(self.targets)


def store_runs(
    portions: Sequence[Portion], *, fate: Fate, is_hinted: bool, now: datetime
) -> list[Run]:
    """Store one run per slot and target; returns those whose slot had none yet.

    `is_hinted`: a message follows the commit, so that the sweep need not look at once.
    """
    targets = [target for portion in portions for target in portion.targets]
    facts = read_facts(
        [portion.schedule for portion in portions],
        targets,
        manual_since=_manual_since(portions, now),
    )
    planned = list(_planned(portions, facts, fate=fate, now=now))
    runs = [_born(target, row, facts, is_hinted, now) for target, row in planned]
    run_rows.number(runs)
    _link(planned, runs)
    stored = run_rows.store(runs)
    if len(stored) < len(runs):
        run_rows.unlink(stored, {run.pk for run in runs} - stored)
    return [run for run in runs if run.pk in stored]


def policy_of(schedule: Schedule) -> Policy:
    return Policy(
        missed=schedule.missed_policy,
        catch_up_limit=schedule.catch_up_limit,
        overlap=schedule.overlap_policy,
        dedup_window=timedelta(minutes=schedule.dedup_window_minutes),
        patience=times().overlap,
    )


def _manual_since(portions: Sequence[Portion], now: datetime) -> dict[int, datetime]:
    """From when on runs by hand matter to each schedule, by its id."""
    since: dict[int, datetime] = {}
    for portion in portions:
        policy = policy_of(portion.schedule)
        wanted = wanted_slots(portion.due, policy, now=now)
        if wanted and policy.dedup_window:
            since[portion.schedule.pk] = wanted[0] - policy.dedup_window
    return since


def _planned(
    portions: Sequence[Portion], facts: ClaimFacts, *, fate: Fate, now: datetime
) -> Iterator[tuple[Target, PlannedRun]]:
    for portion in portions:
        policy = policy_of(portion.schedule)
        for target in portion.targets:
            rows = (
                plan(portion.due, policy, facts.of(target), now=now)
                if fate == "dispatch"
                else skip_all(portion.due, fate)
            )
            yield from ((target, row) for row in rows)


def _born(
    target: Target, row: PlannedRun, facts: ClaimFacts, is_hinted: bool, now: datetime
) -> Run:
    schedule = target.schedule
    account_id = target.instance.account_id
    is_due_now = row.state == RunState.PENDING and not is_hinted
    return newborn(
        schedule=schedule,
        target=target,
        version_id=_version_id(schedule),
        connection_id=facts.connections.connection_id(schedule, account_id),
        account_id=account_id,
        trigger=Trigger.SCHEDULE,
        scheduled_for=row.slot,
        now=now,
        state=row.state,
        reason=row.reason,
        next_action_at=now if is_due_now else None,
        give_up_at=row.give_up_at,
        exclusive=row.in_turn or is_exclusive(schedule, Trigger.SCHEDULE),
        covers_from=row.covers_from,
        blocked_by_id=row.blocked_by,
    )


def _version_id(schedule: Schedule) -> int:
    """The version that today's runs take; its SQL is not loaded for it."""
    version_id = schedule.workflow.version_id
    if version_id is None:
        raise WorkflowVersion.DoesNotExist
    return version_id


def _link(planned: Sequence[tuple[Target, PlannedRun]], runs: Sequence[Run]) -> None:
    """Point the runs that wait for another one of this claim to it."""
    ids = {(run.target_id, run.scheduled_for): run.pk for run in runs}
    for (target, row), run in zip(planned, runs, strict=True):
        if row.behind is not None:
            run.blocked_by_id = ids[target.pk, row.behind]
