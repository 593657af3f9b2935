"""PURE. The state that a list shows for a schedule: Paused, Due, or Next: …"""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def status_label(
    *, is_active: bool, next_run_at: datetime | None, now: datetime
) -> str:
    """`Paused`, `Due`, or `Next: 7 days`."""
    if not is_active or next_run_at is None:
        return "Paused"
    if next_run_at <= now:
        return "Due"
    return f"Next: {distance(next_run_at - now)}"


def distance(span: timedelta) -> str:
    """A span in words, with the thresholds of date-fns' `formatDistance`."""
    if span < timedelta(seconds=30):
        return "less than a minute"
    minutes = round(span / MINUTE)
    if minutes < 45:
        return _counted(minutes, "minute")
    if minutes < 90:
        return "about 1 hour"
    if minutes < 24 * 60:
        return f"about {_counted(round(span / HOUR), 'hour')}"
    if minutes < 42 * 60:
        return "1 day"
    if span < 30 * DAY:
        return _counted(round(span / DAY), "day")
    if span < 60 * DAY:
        return f"about {_counted(round(span / (30 * DAY)), 'month')}"
    if span < 365 * DAY:
        return _counted(round(span / (30.4375 * DAY)), "month")
    return f"about {_counted(round(span / (365.25 * DAY)), 'year')}"


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
