"""Schedules as lists show them: state, health, targets, last run, local time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from instances.errors import UnknownTimezone
from instances.timing import times
from instances.zones import zone
from schedules.health import check_schedule_health
from schedules.labels import status_label
from schedules.models import Run, Schedule

_KEPT = Q(targets__deleted_at=None, targets__isnull=False)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which schedules; active ones unless it says otherwise."""

    is_active: bool | None = True
    due_within: timedelta | None = None
    is_overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One schedule. `health` is healthy, blocked, stalled, failing or slower."""

    schedule: Schedule
    status: str
    health: str
    targets: int
    active_targets: int
    last_run_at: datetime | None
    last_run_state: str

    @property
    def next_run_local(self) -> datetime | None:
        """In the schedule's zone; in UTC where somebody broke its name."""
        next_run_at = self.schedule.next_run_at
        if next_run_at is None:
            return None
        try:
            return next_run_at.astimezone(zone(self.schedule.timezone))
        except UnknownTimezone:
            return next_run_at


def wanted_schedules(wanted: Wanted, *, now: datetime) -> QuerySet[Schedule]:
    """Without the deleted ones, the next to run first."""
    rows = Schedule.objects.filter(deleted_at=None)
    if wanted.is_active is not None:
        rows = rows.filter(is_active=wanted.is_active)
    if wanted.due_within is not None:
        rows = rows.filter(next_run_at__lte=now + wanted.due_within)
    if wanted.is_overdue:
        rows = rows.filter(next_run_at__lt=now - times().on_time)
    return rows.order_by(F("next_run_at").asc(nulls_last=True), "name", "pk")


def lines(
    schedules: QuerySet[Schedule], *, limit: int | None = None, now: datetime
) -> list[Line]:
    """The first `limit`, or all; eight queries at most for any number."""
    newest = Run.objects.filter(schedule=OuterRef("pk")).order_by("-created_at")
    rows = list(
        schedules.select_related("workflow", "owner").annotate(
            target_count=Count("targets", filter=_KEPT),
            active_target_count=Count(
                "targets", filter=_KEPT & Q(targets__paused_at=None)
            ),
            last_run_at=Subquery(newest.values("created_at")[:1]),
            last_run_state=Subquery(newest.values("state")[:1]),
        )[:limit]
    )
    health = health_of([row.pk for row in rows], now=now)
    return [
        Line(
            schedule=row,
            status=status_label(
                is_active=row.is_active, next_run_at=row.next_run_at, now=now
            ),
            health=health[row.pk],
            targets=row.target_count,
            active_targets=row.active_target_count,
            last_run_at=row.last_run_at,
            last_run_state=row.last_run_state or "",
        )
        for row in rows
    ]


def health_of(schedule_ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """By schedule the worst of several words, or `healthy`; seven queries at most."""
    if not schedule_ids:
        return {}
    found = check_schedule_health(now, schedule_ids=schedule_ids)
    return {
        **dict.fromkeys(schedule_ids, "healthy"),
        **{each.schedule_id: "slower" for each in found.slower},
        **{each.schedule_id: "failing" for each in found.failing},
        **{each.schedule_id: "stalled" for each in found.stalled},
        **{each.schedule_id: "blocked" for each in found.affected},
    }
