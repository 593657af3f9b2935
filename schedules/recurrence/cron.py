"""A whole cron expression: five strict fields, and the rule that they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from instances.messages import shown
from schedules.errors import InvalidRecurrence
from schedules.recurrence.fields import DAY, FIELDS, MONTH, WEEKDAY, expand, refuse
from schedules.recurrence.words import listed, month

MAX_LENGTH = 255
ORDER = "minute hour day-of-month month weekday"

# Characters that some cron understands are named by the field they stand in.
_CHARACTERS = frozenset(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*,-/?#@().+: \t"
)
_FIELDS_OF_NICKNAME = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# At the most: 29 February is a date.
DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What an expression means on the wall clock. Weekdays count from 0, Sunday."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    # The field is a plain "*", so the other day field alone decides.
    any_day: bool
    any_weekday: bool
    # Minute or hour begins with "*": what the clock repeats runs again, what it
    # skips does not run. Other rules keep each fixed time once.
    interval: bool

    @property
    def day_or_weekday(self) -> bool:
        """Both day fields are restricted, so a day matches when either does."""
        return not self.any_day and not self.any_weekday

    @property
    def every_day_of_its_months(self) -> bool:
        all_days = self.days == DAY.everything
        all_weekdays = self.weekdays == WEEKDAY.everything
        if self.day_or_weekday:
            return all_days or all_weekdays
        return all_days and all_weekdays

    @property
    def every_day(self) -> bool:
        return self.every_day_of_its_months and self.months == MONTH.everything


@lru_cache(maxsize=8192)
def parse(cron: str) -> Rule:
    """The rule of a five-field expression; raises InvalidRecurrence for any other."""
    parts = _split(cron)
    text = " ".join(parts)
    minute, hour, day, _, weekday = parts
    minutes, hours, days, months, weekdays = map(expand, FIELDS, parts)
    rule = Rule(
        text=text,
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        any_day=day == "*",
        any_weekday=weekday == "*",
        interval=minute.startswith("*") or hour.startswith("*"),
    )
    _check_that_it_fires(rule)
    return rule


def _split(cron: str) -> list[str]:
    """The five fields in upper case."""
    if len(cron) > MAX_LENGTH:
        _refuse(
            "cron_too_long",
            f"The expression has {len(cron):,} characters; {MAX_LENGTH} are allowed.",
        )
    trimmed = cron.strip(" \t\r\n")
    if trimmed.startswith("@"):
        _refuse_nickname(trimmed)
    _check_characters(trimmed)
    parts = trimmed.upper().split()
    if len(parts) != len(FIELDS):
        _refuse_count(len(parts))
    return parts


def _check_characters(trimmed: str) -> None:
    for position, character in enumerate(trimmed, start=1):
        if character in _CHARACTERS:
            continue
        if trimmed.upper().startswith(("TZ=", "CRON_TZ=")):
            _refuse(
                "cron_unsupported",
                "The time zone has a field of its own; "
                f"type the five fields only: {ORDER}.",
            )
        _refuse(
            "cron_charset",
            f"Character {position}, “{shown(character)}”, cannot be part of a cron "
            "expression. Use digits, names such as MON or JAN, spaces and * , - /",
        )


def _check_that_it_fires(rule: Rule) -> None:
    if not rule.any_weekday:
        return
    if any(rule.days[0] <= DAYS_OF_MONTH[number - 1] for number in rule.months):
        return
    refuse(
        DAY,
        "cron_never_fires",
        f"{rule.days[0]} does not exist in "
        f"{listed([month(number) for number in rule.months], 'or')}, "
        "so this would never run.",
    )


def _refuse_nickname(trimmed: str) -> NoReturn:
    fields = _FIELDS_OF_NICKNAME.get(trimmed.lower())
    advice = fields or f"{ORDER}, such as 0 9 * * 1"
    _refuse(
        "cron_unsupported",
        f"“{shown(trimmed)}” is not supported. Type the five fields: {advice}",
    )


def _refuse_count(count: int) -> NoReturn:
    more = " Seconds and years are not supported." if count in (6, 7) else ""
    _refuse(
        "cron_field_count",
        f"Five fields are needed: {ORDER}. You gave {count}.{more}",
    )


def _refuse(code: str, message: str) -> NoReturn:
    raise InvalidRecurrence(message, code=code, field="cron")
