"""When a rule fires: validation, the next slots, and the sentence for people.

Validation, preview, dispatch and backfill all ask here, so that they cannot disagree.
Everything is safe to call from several threads. One slot costs some 15 µs, each further
one of a walk 1 to 4 µs, and a month that no rule with the same days was asked for
before up to 1 ms, once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from instances import zones
from instances.errors import UnknownTimezone
from instances.zones import tzdata_version, zone_names
from schedules.errors import InvalidRecurrence
from schedules.recurrence import sentences
from schedules.recurrence.cron import Rule, parse
from schedules.recurrence.slots import slots_after
from schedules.recurrence.wall_clock import LAST_YEAR

__all__ = [
    "describe",
    "fire_times",
    "fires_between",
    "newest_slots",
    "rule_of",
    "slots_between",
    "tzdata_version",
    "validate",
    "zone",
    "zone_names",
]

# Previews ask for ten, dispatch for one; longer answers are not worth keeping.
_REMEMBERED_COUNT = 10
_FIRST_YEAR = 1900


def validate(cron: object, timezone: object) -> str:
    """The expression with single spaces and upper-case names.

    Raises InvalidRecurrence for anything else than a good pair, of whatever type.
    """
    rule = rule_of(cron)
    zone(timezone)
    return rule.text


def fire_times(cron: str, timezone: str, after: datetime, count: int) -> list[datetime]:
    """The next `count` slots strictly after the aware `after`, in UTC.

    Fewer only where the calendar ends. Raises InvalidRecurrence as `validate` does,
    and ValueError for a naive `after`.
    """
    if 0 < count <= _REMEMBERED_COUNT:
        # Refused here, because the memory cannot be asked for what has no hash.
        validate(cron, timezone)
        minute = _moment(after).replace(second=0, microsecond=0)
        remembered = _next_slots(cron, timezone, minute, count)
        # Always true since zones keep whole minutes, which is since 1972.
        if remembered and remembered[0] > after:
            return list(remembered)
    return list(islice(_slots(cron, timezone, after), count))


def slots_between(
    cron: str, timezone: str, after: datetime, until: datetime
) -> Iterator[datetime]:
    """Slots strictly after `after` and not later than `until`, one by one."""
    last = _moment(until)
    return takewhile(lambda slot: slot <= last, _slots(cron, timezone, after))


def fires_between(
    cron: str, timezone: str, after: datetime, until: datetime, limit: int
) -> list[datetime]:
    """The oldest `limit` of those slots."""
    return list(islice(slots_between(cron, timezone, after, until), limit))


def newest_slots(
    cron: str, timezone: str, after: datetime, until: datetime, limit: int
) -> list[datetime]:
    """The newest `limit` of those slots, oldest first.

    Looks back from `until` in growing steps, so that its cost depends on `limit` and
    not on how long ago `after` was. The oldest of all is `fire_times(…, after, 1)`.
    """
    reach, whole = timedelta(days=1), until - after
    while True:
        reach = min(reach, whole)
        start = until - reach
        newest = deque(slots_between(cron, timezone, start, until), maxlen=limit)
        if reach == whole or len(newest) == limit:
            return list(newest)
        reach *= 4


def describe(cron: object) -> str:
    """The expression as an English sentence, without zone and full stop."""
    return sentences.sentence(rule_of(cron))


def rule_of(cron: object) -> Rule:
    """The parsed expression; raises InvalidRecurrence for bad input of any type."""
    if not isinstance(cron, str):
        raise InvalidRecurrence(
            "The cron expression must be text, such as “0 9 * * 1”.",
            code="type",
            field="cron",
        )
    return parse(cron)


def zone(name: object) -> ZoneInfo:
    """The zone of that name; raises InvalidRecurrence for bad input of any type."""
    try:
        return zones.zone(name)
    except UnknownTimezone as unknown:
        raise InvalidRecurrence(
            unknown.message, code=unknown.code, field=unknown.field
        ) from unknown


@lru_cache(maxsize=16_384)
def _next_slots(
    cron: str, timezone: str, minute: datetime, count: int
) -> tuple[datetime, ...]:
    return tuple(islice(_slots(cron, timezone, minute), count))


def _slots(cron: str, timezone: str, after: datetime) -> Iterator[datetime]:
    return slots_after(rule_of(cron), zone(timezone), _moment(after))


def _moment(moment: datetime) -> datetime:
    """The same instant in UTC."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("An aware datetime is needed; this one has no zone.")
    if not _FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"The year must be {_FIRST_YEAR} to {LAST_YEAR}.")
    return moment.astimezone(UTC)
