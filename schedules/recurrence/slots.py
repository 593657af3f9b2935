"""From the wall clock of a zone to instants, across its clock changes.

A rule whose minute or hour begins with "*" keeps pace with real time: it runs at every
instant whose wall-clock minute matches, so twice in an hour that is repeated and not at
all in one that is skipped. Any other rule names fixed times, and each runs once: the
first time when it comes twice, and at the first instant after the change when the clock
skips it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from schedules.recurrence.cron import Rule
from schedules.recurrence.wall_clock import LAST_YEAR, walls_after

# Clock changes of one zone lie more than four days apart, ever since there are zones.
_STRIDE = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_NEVER = datetime.combine(date.max, time.min)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A time, end exclusive, during which the zone keeps one offset."""

    start: datetime
    end: datetime
    offset: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockChange:
    """The instant at which the zone's offset goes from `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def forward(self) -> bool:
        """The clock skips some minutes; else it shows some twice."""
        return self.after > self.before

    @property
    def shown_before(self) -> datetime:
        """What the clock would show by the old offset; naive."""
        return _wall(self.at, self.before)

    @property
    def shown_after(self) -> datetime:
        return _wall(self.at, self.after)


def slots_after(rule: Rule, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The rule's instants strictly after `after`, in UTC and in order."""
    if rule.interval:
        return _interval_slots(rule, zone, after)
    return _fixed_slots(rule, zone, after)


def stretches(zone: ZoneInfo, start: datetime) -> Iterator[Stretch]:
    """Consecutive stretches of a day at most, from the second of `start` on."""
    start = start.astimezone(UTC).replace(microsecond=0)
    offset = offset_at(zone, start)
    while start.year <= LAST_YEAR:
        end = start + _STRIDE
        next_offset = offset_at(zone, end)
        if next_offset != offset:
            end = _change_between(zone, start, end)
        yield Stretch(start=start, end=end, offset=offset)
        start, offset = end, next_offset


def clock_changes(
    zone: ZoneInfo, after: datetime, until: datetime
) -> Iterator[ClockChange]:
    """Every change of the zone's offset after `after` and not later than `until`."""
    for earlier, later in pairwise(stretches(zone, after)):
        if later.start > until:
            return
        if earlier.offset != later.offset:
            yield ClockChange(at=later.start, before=earlier.offset, after=later.offset)


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).replace(tzinfo=UTC) - instant


def _fixed_slots(rule: Rule, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    last = after
    for wall in walls_after(rule, after.astimezone(zone).replace(tzinfo=None)):
        instant = _first_instant(wall, zone)
        # In the second pass of a repeated hour the first pass is over; times that
        # were skipped together come at one instant.
        if instant > last:
            yield instant
            last = instant


def _first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows `wall`, or jumps over it."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # Read with the offset after the jump, a skipped time lies before the jump.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change_between(zone, before, instant)


def _interval_slots(rule: Rule, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    last = after
    offset: timedelta | None = None
    walls: Iterator[datetime] = iter(())
    wall = _NEVER
    for stretch in stretches(zone, after):
        if stretch.offset != offset:
            offset = stretch.offset
            walls = walls_after(rule, _wall(last, offset))
            wall = next(walls, _NEVER)
        end = _wall(stretch.end, offset)
        while wall < end:
            yield (wall - offset).replace(tzinfo=UTC)
            wall = next(walls, _NEVER)
        # The minute of the change itself still counts, by the new offset.
        last = stretch.end - _TICK


def _wall(instant: datetime, offset: timedelta) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) + offset


def _change_between(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The first whole second after `start` at which the offset is that of `end`."""
    offset = offset_at(zone, end)
    low, high = 0, int((end - start).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, start + timedelta(seconds=middle)) == offset:
            high = middle
        else:
            low = middle
    return start + timedelta(seconds=high)
