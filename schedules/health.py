"""How the schedules do: failing, stalled, slower than they were; and open alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from instances.alarms import open_alarms
from instances.models import Alarm
from schedules.held import Affected, affected_by
from schedules.models import Schedule


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From where on something is worth saying."""

    failure_rate: float = 0.2
    failures_within: timedelta = timedelta(days=7)
    fewest_runs: int = 3
    stalled_after: timedelta = timedelta(minutes=10)
    # Both: half as long again, and by this much at least.
    slower_by: float = 1.5
    slower_at_least: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Failing:
    """Of `finished` runs of late, `failed` failed."""

    schedule_id: int
    name: str
    failed: int
    finished: int

    @property
    def rate(self) -> float:
        return self.failed / self.finished


@dataclass(frozen=True, kw_only=True)
class Stalled:
    """Due since `next_run_at`, and no slot was given its run since."""

    schedule_id: int
    name: str
    next_run_at: datetime


@dataclass(frozen=True, kw_only=True)
class Slower:
    """Medians in seconds: of the last five runs, and of the twenty before them."""

    schedule_id: int
    name: str
    recent_seconds: float
    earlier_seconds: float


@dataclass(frozen=True, kw_only=True)
class Health:
    """What the check found; empty lists are good news.

    `affected`: the schedules that are kept waiting by a held connection.
    """

    checked_at: datetime
    failing: tuple[Failing, ...]
    stalled: tuple[Stalled, ...]
    slower: tuple[Slower, ...]
    alarms: tuple[Alarm, ...]
    affected: tuple[Affected, ...] = ()

    @property
    def is_healthy(self) -> bool:
        return not (self.failing or self.stalled or self.alarms)


FAILING = """
    SELECT s.id AS schedule_id, s.name, r.failed, r.finished
      FROM workflow_schedules s, LATERAL (
        SELECT count(*) FILTER (WHERE state = 'FAILED') AS failed, count(*) AS finished
          FROM schedule_runs
         WHERE schedule_id = s.id AND created_at >= %(since)s
           AND state IN ('SUCCEEDED', 'FAILED')) r
     WHERE s.id = ANY (%(ids)s) AND r.finished >= %(fewest)s
       AND r.failed >= %(rate)s * r.finished AND r.failed > 0
     ORDER BY r.failed::float / r.finished DESC, s.id
"""
# A run by hand is no sign that the clock looks after the schedule.
STALLED = """
    SELECT s.id AS schedule_id, s.name, s.next_run_at FROM workflow_schedules s
     WHERE s.id = ANY (%(ids)s) AND s.is_active AND s.next_run_at < %(late)s
       AND NOT EXISTS (SELECT 1 FROM schedule_runs r
                        WHERE r.schedule_id = s.id AND r.created_at >= s.next_run_at
                          AND r.trigger = 'schedule')
     ORDER BY s.next_run_at, s.id
"""
# At least ten runs, or there is no trend.
SLOWER = """
    SELECT s.id AS schedule_id, s.name, t.recent_seconds, t.earlier_seconds
      FROM workflow_schedules s, LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
                 FILTER (WHERE place <= 5) AS recent_seconds,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
                 FILTER (WHERE place > 5) AS earlier_seconds,
               count(*) AS runs
          FROM (SELECT extract(epoch FROM finished_at - started_at)::float AS seconds,
                       row_number() OVER (ORDER BY created_at DESC) AS place
                  FROM schedule_runs
                 WHERE schedule_id = s.id AND state = 'SUCCEEDED'
                 ORDER BY created_at DESC LIMIT 25) newest) t
     WHERE s.id = ANY (%(ids)s) AND t.runs >= 10
       AND t.recent_seconds >= %(slower)s * t.earlier_seconds
       AND t.recent_seconds >= %(at_least)s + t.earlier_seconds
     ORDER BY t.recent_seconds - t.earlier_seconds DESC, s.id
"""


def check_schedule_health(
    now: datetime,
    *,
    schedule_ids: Iterable[int] | None = None,
    thresholds: Thresholds | None = None,
) -> Health:
    """Look at these schedules; without ids at all that are not deleted.

    Seven queries at most, whatever there is. Reads only.
    """
    limits = thresholds or Thresholds()
    if schedule_ids is None:
        kept = Schedule.objects.filter(deleted_at=None)
        schedule_ids = kept.values_list("id", flat=True)
    facts: dict[str, Any] = {
        "ids": list(schedule_ids),
        "since": now - limits.failures_within,
        "fewest": limits.fewest_runs,
        "rate": limits.failure_rate,
        "late": now - limits.stalled_after,
        "slower": limits.slower_by,
        "at_least": limits.slower_at_least.total_seconds(),
    }
    alarms = tuple(open_alarms().order_by("id"))
    return Health(
        checked_at=now,
        failing=tuple(Failing(**row) for row in _rows(FAILING, facts)),
        stalled=tuple(Stalled(**row) for row in _rows(STALLED, facts)),
        slower=tuple(Slower(**row) for row in _rows(SLOWER, facts)),
        alarms=alarms,
        affected=affected_by(alarms, facts["ids"]),
    )


def _rows(sql: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
