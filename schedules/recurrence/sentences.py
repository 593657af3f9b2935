"""A rule as one English sentence that is true of every run.

Sentences are made of the numbers that a rule means, not of how it was typed: a step
that does not divide its field, such as */45, is told by the minutes it really means.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from schedules.recurrence.cron import Rule
from schedules.recurrence.fields import HOUR, MINUTE, MONTH
from schedules.recurrence.words import listed, month, weekday

_WORKING_DAYS = (1, 2, 3, 4, 5)
# So many times of day are read out one by one; more are told as a pattern.
_MOST_LISTED_TIMES = 6
_SHORTEST_PATTERN = 5


def sentence(rule: Rule) -> str:
    """Such as "At 09:00 on weekdays (Monday to Friday)", without a full stop."""
    return f"{_times(rule)} {_days(rule)}".strip().rstrip(",")


def month_days(days: Sequence[int]) -> str:
    """Such as "days 1 and 15"."""
    step = _step(days)
    if step and step > 1 and len(days) >= _SHORTEST_PATTERN:
        return f"every {_ordinal(step)} day from {days[0]} through {days[-1]}"
    return f"day{'s' if len(days) > 1 else ''} {_numbers(days)}"


def weekdays(rule: Rule) -> str:
    """Such as "Saturday and Sunday"."""
    if rule.weekdays == _WORKING_DAYS:
        return "weekdays (Monday to Friday)"
    # People's weeks begin on Monday.
    days = sorted(number or 7 for number in rule.weekdays)
    names = [weekday(number % 7) for number in days]
    if _is_run(days) and len(names) > 3:
        return f"{names[0]} through {names[-1]}"
    return listed(names)


def _times(rule: Rule) -> str:
    if rule.hours == HOUR.everything:
        return _times_of_every_hour(rule.minutes)
    if len(rule.minutes) == 1:
        return _times_at_one_minute(rule.minutes[0], rule.hours)
    return _times_in_some_hours(rule.minutes, rule.hours)


def _times_of_every_hour(minutes: Sequence[int]) -> str:
    step = _even_step(minutes, 60)
    if step == 1:
        return "Every minute"
    if step == 60:
        return "Every hour"
    if step:
        return f"Every {step} minutes"
    if len(minutes) == 1:
        return f"Every hour, at minute {minutes[0]},"
    return f"{_minutes(minutes)} of every hour"


def _times_at_one_minute(minute: int, hours: Sequence[int]) -> str:
    times = [_time(hour, minute) for hour in hours]
    span = f"from {times[0]} through {times[-1]}"
    step = _step(hours)
    if step == 1 and len(hours) > 2:
        return f"Every hour {span}"
    if _even_step(hours, 24) and 2 < len(hours) <= _MOST_LISTED_TIMES:
        return f"Every {step} hours, at {listed(times)},"
    if step and len(hours) >= _SHORTEST_PATTERN:
        return f"Every {step} hours {span}"
    if len(hours) <= _MOST_LISTED_TIMES:
        return f"At {listed(times)}"
    return f"At minute {minute} {_of_hours(hours)}"


def _times_in_some_hours(minutes: Sequence[int], hours: Sequence[int]) -> str:
    step = _even_step(minutes, 60)
    if step and _is_run(hours) and len(minutes) * len(hours) > 2:
        every = "Every minute" if step == 1 else f"Every {step} minutes"
        last = _time(hours[-1], minutes[-1])
        return f"{every} from {_time(hours[0], 0)} through {last}"
    if len(minutes) * len(hours) <= _MOST_LISTED_TIMES:
        return f"At {listed([_time(h, m) for h in hours for m in minutes])}"
    return f"{_minutes(minutes)} {_of_hours(hours)}"


def _minutes(minutes: Sequence[int]) -> str:
    if minutes == MINUTE.everything:
        return "Every minute"
    span = f"from {minutes[0]} through {minutes[-1]}"
    step = _step(minutes)
    if step == 1 and len(minutes) > 2:
        return f"Every minute {span}"
    if step and len(minutes) >= _SHORTEST_PATTERN:
        return f"Every {_ordinal(step)} minute {span}"
    return f"At minutes {_numbers(minutes)}"


def _of_hours(hours: Sequence[int]) -> str:
    return f"of hour{'s' if len(hours) > 1 else ''} {_numbers(hours)}"


def _days(rule: Rule) -> str:
    """When the rule runs at all; empty when that is always."""
    in_months = "" if rule.months == MONTH.everything else f"in {_months(rule)}"
    if rule.every_day_of_its_months:
        every_day = "" if rule.hours == HOUR.everything else "every day"
        return f"{every_day} {in_months}".strip()
    if rule.day_or_weekday:
        either = f"on {month_days(rule.days)} of the month or on {weekdays(rule)}"
        return f"{in_months}, {either}" if in_months else either
    if rule.any_weekday:
        months = _months(rule) if in_months else "the month"
        return f"on {month_days(rule.days)} of {months}"
    return f"on {weekdays(rule)} {in_months}".strip()


def _months(rule: Rule) -> str:
    names = [month(number) for number in rule.months]
    if _is_run(rule.months) and len(names) > 3:
        return f"{names[0]} through {names[-1]}"
    return listed(names)


def _numbers(values: Sequence[int]) -> str:
    """Such as "1, 3 and 8 through 12"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts: list[str] = []
    for run in runs:
        long = len(run) > 2
        parts += [f"{run[0]} through {run[-1]}"] if long else map(str, run)
    return listed(parts)


def _time(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _step(values: Sequence[int]) -> int | None:
    """The one distance between neighbours, if there is one."""
    distances = {later - earlier for earlier, later in pairwise(values)}
    return distances.pop() if len(distances) == 1 else None


def _even_step(values: Sequence[int], size: int) -> int | None:
    """The distance between neighbours from 0 on and around the end of the field."""
    step = size // len(values)
    even = size % step == 0 and list(values) == list(range(0, size, step))
    return step if even else None


def _is_run(values: Sequence[int]) -> bool:
    return values[-1] - values[0] == len(values) - 1


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if number in (11, 12, 13) else f"{number}{ending}"
