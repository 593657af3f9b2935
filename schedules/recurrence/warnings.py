"""What people should know about a rule that is allowed, but may surprise them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from schedules import recurrence
from schedules.recurrence import clock_notices, sentences
from schedules.recurrence.cron import DAYS_OF_MONTH, Rule
from schedules.recurrence.slots import slots_after
from schedules.recurrence.wall_clock import matching_days
from schedules.recurrence.words import date_in_words, listed, month

HORIZON = timedelta(days=366)
# Queries at Amazon commonly take longer.
SHORTEST_USUAL_GAP_MINUTES = 15
_MINUTES_OF_DAY = 24 * 60
_FEBRUARY = 2
# What begins again, where, what is counted, and how many of it fit. Months have no
# fixed number of days, so that no step divides them.
_RESTARTS = (
    ("hour", "at minute 0", "minutes", 60),
    ("day", "at 00:00", "hours", 24),
    ("month", "on day 1", "days", None),
    ("year", "in January", "months", 12),
    ("week", "on Sunday", "days", 7),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecurrenceWarning:
    """`code` is frequent, uneven, day_or_weekday, skips_months, few_fires, dst_gap
    or dst_repeat."""

    code: str
    message: str


def recurrence_warnings(
    cron: object, timezone: object, after: datetime
) -> list[RecurrenceWarning]:
    """Everything worth saying about the rule and the 366 days after `after`.

    Raises InvalidRecurrence as recurrence.validate does.
    """
    rule, zone = recurrence.rule_of(cron), recurrence.zone(timezone)
    notes = [
        ("frequent", _frequent(rule, after)),
        ("uneven", _uneven(rule)),
        ("day_or_weekday", _day_or_weekday(rule)),
        ("skips_months", _skips_months(rule)),
        ("few_fires", _few_fires(rule, zone, after)),
        *clock_notices.notices(rule, zone, after=after, until=after + HORIZON),
    ]
    return [RecurrenceWarning(code=code, message=text) for code, text in notes if text]


def _frequent(rule: Rule, after: datetime) -> str:
    gap = _smallest_gap_minutes(rule, after)
    if gap >= SHORTEST_USUAL_GAP_MINUTES:
        return ""
    return (
        f"Runs come as close as {gap} minute{'s' if gap > 1 else ''} to each other, "
        f"and a query at Amazon often takes {SHORTEST_USUAL_GAP_MINUTES} or more."
    )


def _smallest_gap_minutes(rule: Rule, after: datetime) -> int:
    """On the wall clock, of runs of one day or of two days in a row."""
    times = [hour * 60 + minute for hour in rule.hours for minute in rule.minutes]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    over_midnight = _MINUTES_OF_DAY - times[-1] + times[0]
    # Walking through the year's dates costs too much to be done for every rule.
    if over_midnight < SHORTEST_USUAL_GAP_MINUTES and _has_neighbours(rule, after):
        gaps.append(over_midnight)
    return min(gaps, default=_MINUTES_OF_DAY)


def _has_neighbours(rule: Rule, after: datetime) -> bool:
    last = after.replace(tzinfo=None) + HORIZON
    days = takewhile(lambda day: day <= last, matching_days(rule, after))
    one_day = timedelta(days=1)
    return any(later - earlier == one_day for earlier, later in pairwise(days))


def _uneven(rule: Rule) -> str:
    return " ".join(_restarts(rule))


def _restarts(rule: Rule) -> Iterator[str]:
    for text, (whole, start, counted, size) in zip(
        rule.text.split(), _RESTARTS, strict=True
    ):
        star, _, step = text.partition("/")
        if star != "*" or not step.isdigit() or int(step) == 1:
            continue
        if size is None or size % int(step):
            yield (
                f"Every {whole} begins again {start}, so that gaps are not always "
                f"{int(step)} {counted}."
            )


def _day_or_weekday(rule: Rule) -> str:
    if not rule.day_or_weekday:
        return ""
    given = "Day of month and weekday are both given, and either is enough"
    if rule.every_day_of_its_months:
        return f"{given}: together they are every day."
    days, weekdays = sentences.month_days(rule.days), sentences.weekdays(rule)
    return f"{given}: this runs on {days} of the month and also on {weekdays}."


def _skips_months(rule: Rule) -> str:
    day = rule.days[0]
    if not rule.any_weekday or rule.months == (_FEBRUARY,):
        return ""
    short = [number for number in rule.months if DAYS_OF_MONTH[number - 1] < day]
    if short:
        names = listed([month(number) for number in short])
        return f"{names} {'have' if len(short) > 1 else 'has'} no day {day}: no runs."
    if day == DAYS_OF_MONTH[_FEBRUARY - 1] and _FEBRUARY in rule.months:
        return "February has a day 29 in leap years only."
    return ""


def _few_fires(rule: Rule, zone: ZoneInfo, after: datetime) -> str:
    upcoming = list(islice(slots_after(rule, zone, after), 2))
    if len(upcoming) == 2 and upcoming[-1] <= after + HORIZON:
        return ""
    dates = [date_in_words(slot.astimezone(zone).date()) for slot in upcoming]
    return f"Runs rarely: next on {' and then on '.join(dates)}."
