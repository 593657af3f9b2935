"""The dates of data that a run asks for, from the moment it was scheduled for.

They follow from the slot and not from the clock, so that a late run, a retry and a
backfill ask for the same dates as the run on time would have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from instances.errors import UnknownTimezone
from instances.zones import zone
from workflows.errors import InvalidWindow
from workflows.windows.rules import WindowRule, check_rule

__all__ = ["Window", "WindowRule", "check_rule", "resolve"]

# So long does Amazon keep data.
MAX_MONTHS_BACK = 13


@dataclass(frozen=True, slots=True)
class Window:
    """Local dates from `start` to `end`, which is not part of it."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def resolve(
    rule: Mapping[str, Any], scheduled_for: datetime, timezone: object
) -> Window:
    """The window of the run that was scheduled for that aware moment.

    Raises InvalidWindow for a bad rule or zone, and for a window that is empty, in
    the future, or reaches further back than Amazon's data.
    """
    checked = check_rule(rule)
    today = _local_date(scheduled_for, timezone)
    complete_until = today - timedelta(days=checked.lag_days)
    window = _RESOLVERS[checked.kind](checked, complete_until)
    _check_reach(window, today)
    return window


def _last_days(rule: WindowRule, complete_until: date) -> Window:
    return Window(start=complete_until - timedelta(days=rule.days), end=complete_until)


def _previous_week(rule: WindowRule, complete_until: date) -> Window:
    into_the_week = (complete_until.weekday() - rule.week_starts) % 7
    end = complete_until - timedelta(days=into_the_week)
    return Window(start=end - timedelta(days=7), end=end)


def _previous_month(_: WindowRule, complete_until: date) -> Window:
    end = complete_until.replace(day=1)
    return Window(start=_first_of_month(end), end=end)


def _month_to_date(_: WindowRule, complete_until: date) -> Window:
    return Window(start=_first_of_month(complete_until), end=complete_until)


def _fixed(rule: WindowRule, _: date) -> Window:
    return Window(start=rule.start, end=rule.end)


_RESOLVERS: dict[str, Callable[[WindowRule, date], Window]] = {
    "last_days": _last_days,
    "previous_week": _previous_week,
    "previous_month": _previous_month,
    "month_to_date": _month_to_date,
    "fixed": _fixed,
}


def _first_of_month(end: date) -> date:
    """The first day of the month that the day before `end` lies in."""
    return (end - timedelta(days=1)).replace(day=1)


def _check_reach(window: Window, today: date) -> None:
    oldest = _months_before(today, MAX_MONTHS_BACK)
    if window.start < oldest:
        raise InvalidWindow(
            f"The window begins on {window.start}; Amazon keeps {MAX_MONTHS_BACK} "
            f"months of data, which is back to {oldest}.",
            code="window_too_old",
            field="window",
        )
    if window.end > today + timedelta(days=1):
        raise InvalidWindow(
            f"The window ends before {window.end}, which is later than the day of the "
            f"run, {today}.",
            code="window_in_future",
            field="window",
        )


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))


def _local_date(scheduled_for: datetime, timezone: object) -> date:
    if scheduled_for.utcoffset() is None:
        raise ValueError("scheduled_for must be aware; this one has no zone.")
    try:
        return scheduled_for.astimezone(zone(timezone)).date()
    except UnknownTimezone as unknown:
        raise InvalidWindow(
            unknown.message, code=unknown.code, field=unknown.field
        ) from unknown
