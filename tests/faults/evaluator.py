"""Which slots a rule has, found out as a patient person would: minute by minute.

Independent of the product's own way on purpose, and slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV"]
DAYS = {name: day for day, name in enumerate(_DAYS)}
MONTHS = {name: month for month, name in enumerate([*_MONTHS, "DEC"], 1)}


def slots(cron: str, timezone: str, first: datetime, end: datetime) -> list[datetime]:
    """The instants from `first` on, and before `end`, at which the rule matches.

    A fixed time in a gap counts at the first instant after it, a fixed time in a
    repeated hour counts once; a minute or hour that begins with `*` follows the wall.
    """
    zone = ZoneInfo(timezone)
    follows_the_wall = any(field.startswith("*") for field in cron.split()[:2])
    found: list[datetime] = []
    instant = first.astimezone(UTC)
    before = _wall(instant - MINUTE, zone)
    while instant < end:
        wall = _wall(instant, zone)
        if follows_the_wall:
            is_slot = matches(cron, wall)
        else:
            repeated = _is_repeated(instant, zone)
            skipped = _minutes_between(before, wall)
            is_slot = not repeated and matches(cron, wall)
            is_slot = is_slot or any(matches(cron, gone) for gone in skipped)
        if is_slot:
            found.append(instant)
        before, instant = wall, instant + MINUTE
    return found


def matches(cron: str, wall: datetime) -> bool:
    """Whether the five fields fit a wall-clock minute."""
    minute, hour, day, month, weekday = cron.upper().split()
    fits_day = wall.day in _values(day, 1, 31, {})
    fits_weekday = wall.isoweekday() % 7 in {
        value % 7 for value in _values(weekday, 0, 7, DAYS)
    }
    if day.startswith("*") or weekday.startswith("*"):
        fits = fits_day and fits_weekday
    else:
        fits = fits_day or fits_weekday
    return (
        fits
        and wall.minute in _values(minute, 0, 59, {})
        and wall.hour in _values(hour, 0, 23, {})
        and wall.month in _values(month, 1, 12, MONTHS)
    )


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, last = low, high
        if span != "*":
            begin, _, end = span.partition("-")
            first = _value(begin, names)
            last = _value(end, names) if end else high if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    return found


def _value(text: str, names: dict[str, int]) -> int:
    return names[text] if text in names else int(text)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _is_repeated(instant: datetime, zone: ZoneInfo) -> bool:
    return instant.astimezone(zone).fold == 1


def _minutes_between(before: datetime, wall: datetime) -> Iterator[datetime]:
    """The minutes of the wall clock that were left out."""
    gone = before + MINUTE
    while gone < wall:
        yield gone
        gone += MINUTE
