"""Claiming: due slots get their rows, in the transaction that moves `next_run_at`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from instances.fault_points import fault_point
from instances.timing import times
from schedules.claiming.bulk_births import Fate, Portion, store_runs
from schedules.claiming.due import due_slots
from schedules.claiming.facts import targets_of
from schedules.claiming.planning import DueSlots
from schedules.errors import InvalidRecurrence
from schedules.models import Run, Schedule
from schedules.states import RunState

# Of one transaction.
MOST_SCHEDULES = 1_000
MOST_RUNS = 5_000

MOVE = """
    UPDATE workflow_schedules s SET next_run_at = m.next_run_at
      FROM unnest(%s::bigint[], %s::timestamptz[]) AS m(id, next_run_at)
     WHERE s.id = m.id
"""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A schedule whose rule cannot be read, and why."""

    schedule_id: int
    cron: str
    timezone: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What one claim did. `left` is still due: it would have made too many rows.

    `failed` is for those who try claims: what could not be claimed at all.
    """

    run_ids_pending: tuple[int, ...] = ()
    runs: int = 0
    schedules: int = 0
    broken: tuple[Broken, ...] = ()
    left: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()


@transaction.atomic
def claim(schedule_ids: Sequence[int], *, now: datetime) -> Claimed:
    """Give the due slots of these schedules their rows and move their `next_run_at`.

    Passes over schedules that somebody else holds or has moved on. At most 1,000
    schedules; those beyond 5,000 rows are left, though never the first.
    """
    locked = _lock(schedule_ids[:MOST_SCHEDULES], now)
    due, broken = _read_rules(locked, now)
    portions, left = _portions(locked, due)
    stored = _work_off(portions, fate="dispatch", is_hinted=True, now=now)
    return Claimed(
        run_ids_pending=tuple(_pending(stored)),
        runs=len(stored),
        schedules=len(portions),
        broken=broken,
        left=left,
    )


def claim_leftovers(schedule: Schedule, *, now: datetime, fate: Fate) -> list[int]:
    """Give what is due of a schedule that the caller has locked its rows.

    Called inside the transaction of a person's change, before the change. Returns the
    runs to hurry after the commit. A rule that cannot be read has no slots.
    """
    if not schedule.is_active or not schedule.next_run_at or schedule.next_run_at > now:
        return []
    due, _ = _read_rules([schedule], now)
    portions, _ = _portions([schedule], due)
    return _pending(_work_off(portions, fate=fate, is_hinted=False, now=now))


def move_on(schedules: Sequence[Schedule]) -> None:
    """Write the `next_run_at` of locked schedules, and nothing else of them."""
    if not schedules:
        return
    ids = [schedule.pk for schedule in schedules]
    slots = [schedule.next_run_at for schedule in schedules]
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [ids, slots])


def _lock(schedule_ids: Sequence[int], now: datetime) -> list[Schedule]:
    """Those still due and free, locked, in the order asked for."""
    due = Schedule.objects.due(now=now).filter(pk__in=schedule_ids)
    free = due.select_for_update(no_key=True, skip_locked=True, of=("self",))
    by_id = {schedule.pk: schedule for schedule in free}
    return [by_id[pk] for pk in schedule_ids if pk in by_id]


def _read_rules(
    schedules: Sequence[Schedule], now: datetime
) -> tuple[dict[int, DueSlots], tuple[Broken, ...]]:
    """What is due of each schedule, by its id, and those whose rule is unreadable."""
    due: dict[int, DueSlots] = {}
    broken: list[Broken] = []
    for schedule in schedules:
        if schedule.next_run_at is None:  # only of paused ones
            continue
        try:
            due[schedule.pk] = due_slots(
                schedule.cron_expression,
                schedule.timezone,
                schedule.next_run_at,
                now=now,
                on_time=times().on_time,
            )
        except InvalidRecurrence as error:
            broken.append(_broken(schedule, error))
    return due, tuple(broken)


def _broken(schedule: Schedule, error: InvalidRecurrence) -> Broken:
    return Broken(
        schedule_id=schedule.pk,
        cron=schedule.cron_expression,
        timezone=schedule.timezone,
        reason=error.message,
    )


def _portions(
    schedules: Sequence[Schedule], due: Mapping[int, DueSlots]
) -> tuple[list[Portion], tuple[int, ...]]:
    """What fits into this transaction, and the ids of the schedules that do not."""
    readable = [schedule for schedule in schedules if schedule.pk in due]
    targets = targets_of(readable, locked=True)
    portions: list[Portion] = []
    rows = 0
    for position, schedule in enumerate(readable):
        portion = Portion(
            schedule=schedule, targets=targets[schedule.pk], due=due[schedule.pk]
        )
        rows += portion.rows
        if portions and rows > MOST_RUNS:
            return portions, tuple(rest.pk for rest in readable[position:])
        portions.append(portion)
    return portions, ()


def _work_off(
    portions: Sequence[Portion], *, fate: Fate, is_hinted: bool, now: datetime
) -> list[Run]:
    """Store the runs and let the schedules go on with their next slots."""
    if not portions:
        return []
    stored = store_runs(portions, fate=fate, is_hinted=is_hinted, now=now)
    fault_point("mid-claim")
    for portion in portions:
        portion.schedule.next_run_at = portion.due.next_slot
    move_on([portion.schedule for portion in portions])
    return stored


def _pending(runs: Sequence[Run]) -> list[int]:
    return [run.pk for run in runs if run.state == RunState.PENDING]
