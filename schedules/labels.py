"""PURE. The state that a list shows for a schedule: Paused, Due, or Next: …"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

# In minutes. What lies between is rounded as date-fns' `formatDistance` rounds it,
# which the web app uses: both must say the same.
HOUR, DAY, MONTH = 60, 24 * 60, 30 * 24 * 60


def status_label(
    *, is_active: bool, next_run_at: datetime | None, now: datetime
) -> str:
    """`Paused`, `Due`, or `Next: 7 days`."""
    if not is_active or next_run_at is None:
        return "Paused"
    if next_run_at <= now:
        return "Due"
    return f"Next: {distance(now, next_run_at)}"


def distance(earlier: datetime, later: datetime) -> str:
    """The span between two moments in words."""
    minutes = _rounded((later - earlier) // timedelta(seconds=1), 60)
    if minutes == 0:
        return "less than a minute"
    if minutes < 45:
        return _counted(minutes, "minute")
    if minutes < 90:
        return "about 1 hour"
    if minutes < DAY:
        return f"about {_counted(_rounded(minutes, HOUR), 'hour')}"
    if minutes < DAY + 18 * HOUR:
        return "1 day"
    if minutes < MONTH:
        return _counted(_rounded(minutes, DAY), "day")
    if minutes < 2 * MONTH:
        return f"about {_counted(_rounded(minutes, MONTH), 'month')}"
    months = _whole_months(earlier, later)
    if months < 12:
        return _counted(_rounded(minutes, MONTH), "month")
    return _years(months)


def _years(months: int) -> str:
    years, rest = divmod(months, 12)
    if rest < 3:
        return f"about {_counted(years, 'year')}"
    if rest < 9:
        return f"over {_counted(years, 'year')}"
    return f"almost {_counted(years + 1, 'year')}"


def _whole_months(earlier: datetime, later: datetime) -> int:
    """Months of the calendar that have passed in full."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    last_day = monthrange(later.year, later.month)[1]
    reached = (min(earlier.day, last_day), earlier.time())
    return months - ((later.day, later.time()) < reached)


def _rounded(number: int, unit: int) -> int:
    """Halves upwards, as JavaScript does."""
    return (2 * number + unit) // (2 * unit)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
