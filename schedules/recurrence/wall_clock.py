"""Which minutes of the wall clock a rule matches, before any zone is asked.

croniter knows the calendar: which dates a rule's day fields match. It is given naive
dates only, because with aware ones it runs fixed times twice when clocks go back. The
minutes of a matching day are the rule's hours times its minutes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, dropwhile, takewhile

from croniter import croniter

from schedules.recurrence.cron import Rule

# 29 February comes back after eight years when the year 2100 has none.
_LONGEST_SEARCH_YEARS = 9
# Python's calendar ends with 9999; a zone's offset must still fit in.
LAST_YEAR = 9990
_ONE_DAY = timedelta(days=1)
_HOURS = tuple(timedelta(hours=hour) for hour in range(24))
_MINUTES = tuple(timedelta(minutes=minute) for minute in range(60))


def walls_after(rule: Rule, after: datetime) -> Iterator[datetime]:
    """Matching wall-clock minutes later than the minute of `after`, all naive."""
    today = datetime.combine(after, time.min)
    for midnight in matching_days(rule, today):
        if midnight == today:
            yield from _rest_of_day(rule, midnight, after)
        else:
            for hour in rule.hours:
                yield from _in_hour(midnight + _HOURS[hour], rule.minutes)


def matching_days(rule: Rule, first: date) -> Iterator[datetime]:
    """Midnights of the matching days, from `first` on, which may be one of them."""
    start = datetime.combine(first, time.min)
    if rule.every_day:
        return takewhile(
            lambda midnight: midnight.year <= LAST_YEAR,
            (start + timedelta(days=days) for days in count()),
        )
    return dropwhile(lambda midnight: midnight < start, _days_of_months(rule, start))


def _days_of_months(rule: Rule, start: datetime) -> Iterator[datetime]:
    """Matching days from the month of `start` on."""
    days = _midnights(rule)
    for year in range(start.year, LAST_YEAR + 1):
        for month in rule.months:
            if year > start.year or month >= start.month:
                yield from _days_of_month(days, year, month)


# Many rules share their days, and all are asked for much the same months.
@lru_cache(maxsize=4096)
def _days_of_month(days: str, year: int, month: int) -> tuple[datetime, ...]:
    # A new object for each walk: croniter's objects change as they go.
    last_of_previous = datetime.combine(date(year, month, 1), time.min) - _ONE_DAY
    calendar = croniter(
        days, last_of_previous, max_years_between_matches=_LONGEST_SEARCH_YEARS
    )
    found = (calendar.get_next(datetime) for _ in count())
    return tuple(takewhile(lambda day: (day.year, day.month) == (year, month), found))


def _midnights(rule: Rule) -> str:
    """The rule's days as explicit numbers: croniter reads 1-1 as "every day".

    A plain "*" stays, because it tells which day field decides.
    """
    days = "*" if rule.any_day else _numbers(rule.days)
    weekdays = "*" if rule.any_weekday else _numbers(rule.weekdays)
    return f"0 0 {days} {_numbers(rule.months)} {weekdays}"


def _numbers(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def _rest_of_day(rule: Rule, midnight: datetime, after: datetime) -> Iterator[datetime]:
    for hour in rule.hours[bisect_left(rule.hours, after.hour) :]:
        minutes = rule.minutes
        if hour == after.hour:
            minutes = minutes[bisect_right(minutes, after.minute) :]
        yield from _in_hour(midnight + _HOURS[hour], minutes)


def _in_hour(hour: datetime, minutes: Sequence[int]) -> Iterator[datetime]:
    for minute in minutes:
        yield hour + _MINUTES[minute]
