"""What coming clock changes do to a rule: which runs they move, merge or repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from schedules.recurrence.cron import Rule
from schedules.recurrence.fields import HOUR
from schedules.recurrence.slots import ClockChange, clock_changes
from schedules.recurrence.wall_clock import walls_after
from schedules.recurrence.words import date_in_words, listed

_MINUTE = timedelta(minutes=1)
_MOST_NAMED = 4


def notices(
    rule: Rule, zone: ZoneInfo, *, after: datetime, until: datetime
) -> Iterator[tuple[str, str]]:
    """Code (dst_gap or dst_repeat) and message of each change that touches a run."""
    for change in clock_changes(zone, after, until):
        if change.forward:
            yield "dst_gap", _skipped(rule, zone, change)
        else:
            yield "dst_repeat", _repeated(rule, zone, change)


def _skipped(rule: Rule, zone: ZoneInfo, change: ClockChange) -> str:
    times = _times(rule, change.shown_before, change.shown_after)
    # A rule of every hour goes on with the next one: nothing is missed.
    if not times or (rule.interval and rule.hours == HOUR.everything):
        return ""
    gone = (
        f"On {date_in_words(change.shown_before)} the clock of {zone.key} jumps from "
        f"{change.shown_before:%H:%M} to {_landing(change)}, so that "
        f"{_named(times)} {'does' if len(times) == 1 else 'do'} not exist"
    )
    if rule.interval:
        return f"{gone}: no run for {'it' if len(times) == 1 else 'them'}."
    also_due = _times(rule, change.shown_after, change.shown_after + _MINUTE)
    merged = "one run" if len(times) > 1 or also_due else "the run"
    due_then = ", with the run that is due then" if also_due else ""
    return (
        f"{gone}: {merged} comes at {change.shown_after:%H:%M} "
        f"{_abbreviation(zone, change.at)} instead{due_then}."
    )


def _repeated(rule: Rule, zone: ZoneInfo, change: ClockChange) -> str:
    times = _times(rule, change.shown_after, change.shown_before)
    if not times:
        return ""
    day = date_in_words(change.shown_after)
    if rule.interval:
        last = change.shown_before - _MINUTE
        return (
            f"On {day} the clock of {zone.key} shows {change.shown_after:%H:%M} to "
            f"{last:%H:%M} twice: this runs both times."
        )
    first_pass = _abbreviation(zone, change.at - _MINUTE)
    each = "it runs once" if len(times) == 1 else "each runs once"
    return (
        f"On {day} the clock of {zone.key} shows {_named(times)} twice: "
        f"{each}, the first time ({first_pass})."
    )


def _times(rule: Rule, start: datetime, end: datetime) -> list[datetime]:
    """Matching wall-clock minutes from `start` to `end`, which is exclusive."""
    walls = walls_after(rule, start - _MINUTE)
    return list(takewhile(lambda wall: wall < end, walls))


def _named(times: list[datetime]) -> str:
    if len(times) > _MOST_NAMED:
        return f"{len(times)} times from {times[0]:%H:%M} to {times[-1]:%H:%M}"
    return listed([f"{wall:%H:%M}" for wall in times])


def _landing(change: ClockChange) -> str:
    """Where a jump ends; with the date when it is another one."""
    time = f"{change.shown_after:%H:%M}"
    if change.shown_after.date() == change.shown_before.date():
        return time
    return f"{date_in_words(change.shown_after)}, {time}"


def _abbreviation(zone: ZoneInfo, instant: datetime) -> str:
    return instant.astimezone(zone).tzname() or ""
