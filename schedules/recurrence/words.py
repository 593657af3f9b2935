"""English words of the calendar, whatever the machine's locale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# As cron counts them.
WEEKDAYS = (
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
)


def month(number: int) -> str:
    return MONTHS[number - 1]


def weekday(number: int) -> str:
    """0 is Sunday."""
    return WEEKDAYS[number]


def date_in_words(day: date) -> str:
    """Such as Sun 14 Mar 2027."""
    name = weekday(day.isoweekday() % 7)
    return f"{name[:3]} {day.day} {month(day.month)[:3]} {day.year}"


def listed(parts: Sequence[str], last_word: str = "and") -> str:
    """Such as "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last_word} {parts[-1]}"
