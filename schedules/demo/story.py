"""What a story of the demo is: a schedule, and what becomes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

INSTANCES = 30
LAST_DAY = {"kind": "last_days", "days": 1, "lag_days": 2}
LAST_WEEK = {"kind": "last_days", "days": 7, "lag_days": 2}
WHOLE_WEEK = {"kind": "previous_week", "lag_days": 2}
WHOLE_MONTH = {"kind": "previous_month", "lag_days": 2}
MONTH_TO_DATE = {"kind": "month_to_date", "lag_days": 2}


class Plot(Enum):
    """What happens, beside small misfortunes that happen to all."""

    STEADY = auto()
    BREAKS = auto()  # a query fails five times in a row on the last instance
    REFUSED = auto()  # Amazon no longer lets the last instance be used
    FALTERS = auto()  # its last three runs on the last instance failed
    SLOWS = auto()  # its newest runs take twice as long
    PAUSED = auto()  # by a person, with a reason
    HELD = auto()  # its connection must be connected again
    CROWDED = auto()  # a run now and then takes longer than the gap to the next


@dataclass(frozen=True, kw_only=True)
class Story:
    """A schedule. `instances` are numbers from 1; `lasts` is None for all the time."""

    name: str
    query: str
    cron: str
    timezone: str
    instances: tuple[int, ...]
    window: Mapping[str, Any] = field(default_factory=lambda: LAST_WEEK)
    plot: Plot = Plot.STEADY
    lasts: timedelta | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def numbers(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))
