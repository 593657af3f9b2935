"""PURE. What a rule will do: its sentence, next slots with windows, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schedules import recurrence
from schedules.recurrence.warnings import RecurrenceWarning, recurrence_warnings
from workflows.errors import InvalidWindow
from workflows.windows import Window, check_rule, resolve


@dataclass(frozen=True, kw_only=True)
class Fire:
    """One coming slot: its instant in UTC, on the wall, and the dates it asks for.

    `problem` says why it has no dates although there is a rule for them.
    """

    utc: datetime
    local: datetime
    window: Window | None
    problem: str


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

    Raises InvalidRecurrence, and InvalidWindow for a rule that is never good.
    """
    normalized = recurrence.validate(cron, timezone)
    if window_rule is not None:
        check_rule(window_rule)
    dates_timezone = dates_timezone or timezone
    return Preview(
        normalized=normalized,
        description=recurrence.describe(normalized),
        fires=tuple(
            _fire(instant, timezone, window_rule, dates_timezone)
            for instant in recurrence.fire_times(normalized, timezone, after, count)
        ),
        warnings=tuple(recurrence_warnings(normalized, timezone, after)),
    )


def _fire(
    instant: datetime,
    timezone: str,
    rule: Mapping[str, Any] | None,
    dates_timezone: str,
) -> Fire:
    window, problem = None, ""
    if rule is not None:
        try:
            window = resolve(rule, instant, dates_timezone)
        except InvalidWindow as error:
            problem = error.message
    local = instant.astimezone(recurrence.zone(timezone))
    return Fire(utc=instant, local=local, window=window, problem=problem)
