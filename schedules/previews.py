"""PURE. What a rule will do: its sentence, next slots with windows, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schedules import recurrence
from schedules.warnings import RecurrenceWarning, recurrence_warnings
from workflows.windows import Window, resolve


@dataclass(frozen=True, kw_only=True)
class Fire:
    """One coming slot: its instant in UTC, on the wall, and the dates it asks for."""

    utc: datetime
    local: datetime
    window: Window | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Everything a form shows of a rule before it is saved."""

    normalized: str
    description: str
    fires: tuple[Fire, ...]
    warnings: tuple[RecurrenceWarning, ...]


def preview(
    cron: Any,
    timezone: Any,
    *,
    after: datetime,
    count: int,
    window_rule: Mapping[str, Any] | None = None,
    dates_timezone: str = "",
) -> Preview:
    """The next `count` slots after `after`, with windows when a rule is given.

    Raises InvalidRecurrence and InvalidWindow.
    """
    normalized = recurrence.validate(cron, timezone)
    zone = recurrence.zone(timezone)
    fires = tuple(
        Fire(
            utc=instant,
            local=instant.astimezone(zone),
            window=resolve(window_rule, instant, dates_timezone or timezone)
            if window_rule is not None
            else None,
        )
        for instant in recurrence.fire_times(normalized, timezone, after, count)
    )
    return Preview(
        normalized=normalized,
        description=recurrence.describe(normalized),
        fires=fires,
        warnings=tuple(recurrence_warnings(normalized, timezone, after)),
    )
