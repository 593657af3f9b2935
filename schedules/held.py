"""Which schedules have to wait while a connection is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q

from instances.default_connections import DefaultConnections
from instances.holds import CONNECTION_HELD
from instances.models import Alarm
from schedules.models import Schedule, Target


@dataclass(frozen=True, kw_only=True)
class Affected:
    """A schedule whose runs wait while an alarm is open."""

    alarm_id: int
    schedule_id: int
    name: str


def affected_by(
    alarms: Sequence[Alarm], schedule_ids: Collection[int]
) -> tuple[Affected, ...]:
    """Of these schedules, those that would use a connection which is held."""
    alarm_of = {
        alarm.facts["connection"]: alarm.pk
        for alarm in alarms
        if alarm.code == CONNECTION_HELD and "connection" in alarm.facts
    }
    if not alarm_of:
        return ()
    schedules = _candidates(alarm_of.keys(), schedule_ids)
    accounts = _accounts(schedules)
    connections = DefaultConnections(schedules)
    return tuple(
        Affected(alarm_id=alarm_of[used], schedule_id=schedule.pk, name=schedule.name)
        for schedule in schedules
        for used in sorted(
            {connections.connection_id(schedule, a) or 0 for a in accounts[schedule.pk]}
        )
        if used in alarm_of
    )


def _candidates(
    connection_ids: Collection[int], schedule_ids: Collection[int]
) -> list[Schedule]:
    chosen = Q(connection__in=connection_ids)
    owned = Q(owner__connections__in=connection_ids)
    found = Schedule.objects.filter(chosen | owned, pk__in=schedule_ids)
    return list(found.distinct().order_by("id"))


def _accounts(schedules: Sequence[Schedule]) -> dict[int, set[int | None]]:
    rows = Target.objects.filter(schedule__in=schedules, deleted_at=None)
    found: dict[int, set[int | None]] = defaultdict(set)
    for schedule_id, account_id in rows.values_list(
        "schedule_id", "instance__account_id"
    ):
        found[schedule_id].add(account_id)
    return found
