"""What is allowed in a schedule's rule and window, and may surprise people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from schedules import recurrence
from schedules.models import Schedule
from schedules.recurrence.warnings import RecurrenceWarning, recurrence_warnings
from workflows.errors import InvalidWindow
from workflows.windows import resolve
from workflows.windows.rules import DEFAULT_LAG_DAYS, WindowRule, check_rule


def warnings_of(
    schedule: Schedule, rule: str, *, now: datetime
) -> Iterator[RecurrenceWarning]:
    """Of a schedule whose rule, in its normal form, is good."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yield from _of_the_year(rule, schedule.timezone, day)
    try:
        window = check_rule(schedule.window_rule)
        repeats = _window_repeats(schedule, now)
    except InvalidWindow:  # an error of its own
        return
    if repeats:
        yield RecurrenceWarning(
            code="window_repeats",
            message="Its next two runs ask for the same dates, which Amazon may refuse "
            "as overlapping.",
        )
    if _is_early(window):
        yield RecurrenceWarning(
            code="window_not_ready",
            message=f"The window ends {window.lag_days} days before the run; Amazon's "
            f"data are complete after {DEFAULT_LAG_DAYS}.",
        )


def _is_early(window: WindowRule) -> bool:
    return window.kind != "fixed" and window.lag_days < DEFAULT_LAG_DAYS


def _window_repeats(schedule: Schedule, now: datetime) -> bool:
    rule, zone = schedule.window_rule, schedule.timezone
    slots = recurrence.fire_times(schedule.cron_expression, zone, now, 2)
    windows = [resolve(rule, slot, zone) for slot in slots]
    return len(windows) == 2 and windows[0] == windows[1]


@lru_cache(maxsize=4_096)
def _of_the_year(
    rule: str, timezone: str, day: datetime
) -> tuple[RecurrenceWarning, ...]:
    """Many schedules share their rule, and looking through a year takes time."""
    return tuple(recurrence_warnings(rule, timezone, day))
