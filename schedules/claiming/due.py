"""What of a rule is due: its newest slots, and where it goes on. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from schedules.claiming.planning import DueSlots
from schedules.errors import InvalidRecurrence
from schedules.recurrence import fire_times, newest_slots, slots_between

# So many late slots get a row of their own; one more stands for those before them.
KEPT = 100

_MOMENT = timedelta(microseconds=1)


@lru_cache(maxsize=16_384)
def due_slots(
    cron: str, timezone: str, first: datetime, *, now: datetime, on_time: timedelta
) -> DueSlots:
    """What is due at `now` of a rule whose oldest unclaimed slot is `first`.

    A slot is on time for the span `on_time`. `first` counts as a slot whatever the
    rule says today: it was announced. Remembered, since in one pass many schedules
    share their rule. Raises InvalidRecurrence.
    """
    following = _slot_after(cron, timezone, first)
    late_before = now - on_time
    if following > now:
        only = (first,)
        if first < late_before:
            return DueSlots(late=only, next_slot=following)
        return DueSlots(on_time=only, next_slot=following)
    covered, late = _late(cron, timezone, first, late_before)
    start = max(first, late_before - _MOMENT)
    newer = tuple(slots_between(cron, timezone, start, now))
    return DueSlots(
        covered=covered,
        covers_from=first if covered else None,
        late=late,
        on_time=newer if late else (first, *newer),
        next_slot=_slot_after(cron, timezone, now),
    )


def _late(
    cron: str, timezone: str, first: datetime, before: datetime
) -> tuple[datetime | None, tuple[datetime, ...]]:
    """The newest slots before `before`, and the one that stands for older ones."""
    if first >= before:
        return None, ()
    newest = newest_slots(cron, timezone, first, before - _MOMENT, KEPT + 1)
    if len(newest) > KEPT:
        return newest[0], tuple(newest[1:])
    if len(newest) == KEPT:
        return first, tuple(newest)
    return None, (first, *newest)


def _slot_after(cron: str, timezone: str, moment: datetime) -> datetime:
    for slot in fire_times(cron, timezone, moment, 1):
        return slot
    raise InvalidRecurrence("The rule has no next slot; its calendar has ended.")
