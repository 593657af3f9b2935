"""One field of a cron expression: what may stand in it, and the numbers it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from instances.messages import shown
from schedules.errors import InvalidRecurrence
from schedules.recurrence.words import MONTHS, WEEKDAYS

_VALUE = r"(?:[0-9]+|[A-Z]+)"
_ITEM = re.compile(rf"(?:\*|({_VALUE})(?:-({_VALUE}))?)(?:/(.*))?")
# Words of other crons: last, nearest weekday, nth weekday, random, hash, any.
_FOREIGN = re.compile(r"[0-9]*(?:L|W|LW|WL)[0-9]*|L-[0-9]+|R|H|.*[?#@()].*")


@dataclass(frozen=True, kw_only=True, slots=True)
class CronField:
    """`low` to `high` may be typed; a `*` means `low` to `last`."""

    name: str
    low: int
    high: int
    last: int
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        numbers = f"{self.low}–{self.high}"
        if not self.names:
            return numbers
        return f"{numbers} or {self.names[0]}–{self.names[-1]}"

    @property
    def everything(self) -> tuple[int, ...]:
        return tuple(range(self.low, self.last + 1))


MINUTE = CronField(name="minute", low=0, high=59, last=59)
HOUR = CronField(name="hour", low=0, high=23, last=23)
DAY = CronField(name="day of month", low=1, high=31, last=31)
MONTH = CronField(
    name="month",
    low=1,
    high=12,
    last=12,
    names=tuple(name[:3].upper() for name in MONTHS),
)
# 7 is Sunday too.
WEEKDAY = CronField(
    name="weekday",
    low=0,
    high=7,
    last=6,
    names=tuple(name[:3].upper() for name in WEEKDAYS),
)
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


def expand(field: CronField, text: str) -> tuple[int, ...]:
    """The numbers that `text` (upper case) means, in order; weekdays are 0–6."""
    numbers: set[int] = set()
    for item in text.split(","):
        numbers.update(_expand_item(field, item))
    if field is WEEKDAY:
        numbers = {number % 7 for number in numbers}
    return tuple(sorted(numbers))


def refuse(field: CronField, code: str, message: str) -> NoReturn:
    """Raise InvalidRecurrence with a message that begins with the field's name."""
    raise InvalidRecurrence(
        f"{field.name.capitalize()} {message}",
        code=code,
        field="cron",
        part=field.name,
    )


def _expand_item(field: CronField, item: str) -> range:
    match = _ITEM.fullmatch(item)
    if match is None:
        _refuse_item(field, item)
    first, last, step_text = match.groups()
    step = 1 if step_text is None else _step(field, step_text)
    if first is None:
        return range(field.low, field.last + 1, step)
    start = _number(field, first)
    if last is not None:
        end = _range_end(field, start, last)
        if end < start:
            _refuse_order(field, first, last)
        return range(start, end + 1, step)
    if step_text is None:
        return range(start, start + 1)
    start = 0 if start > field.last else start
    return range(start, field.last + 1, step)


def _number(field: CronField, text: str) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if _FOREIGN.fullmatch(text):
        _refuse_foreign(field, text)
    if not text.isdigit() or not field.low <= int(text) <= field.high:
        _refuse_value(field, text)
    return int(text)


def _range_end(field: CronField, start: int, text: str) -> int:
    """FRI-SUN is as plain as 5-7: a range that ends with the word SUN ends with 7."""
    if field is WEEKDAY and text == "SUN" and start > 0:
        return 7
    return _number(field, text)


def _step(field: CronField, text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= field.high:
        refuse(
            field,
            "cron_step",
            f"step must be a whole number from 1 to {field.high}; "
            f"you gave “{shown(text)}”.",
        )
    return int(text)


def _refuse_item(field: CronField, item: str) -> NoReturn:
    if _FOREIGN.fullmatch(item.partition("/")[0]):
        _refuse_foreign(field, item)
    if re.fullmatch(r"[-+][0-9]+", item):
        _refuse_value(field, item)
    if re.fullmatch(r"/[0-9]+", item):
        refuse(
            field, "cron_step", f"step “{shown(item)}” needs a start, as in *{item}."
        )
    if not item:
        refuse(field, "cron_unsupported", "has an empty place in its list of values.")
    refuse(
        field,
        "cron_unsupported",
        f"cannot be “{shown(item)}”. Use *, a value ({field.allowed}), a range "
        f"({field.low}-{field.last}), a step (*/2) or a list of these "
        f"({field.low},{field.last}).",
    )


def _refuse_value(field: CronField, text: str) -> NoReturn:
    refuse(field, "cron_range", f"must be {field.allowed}; you gave {shown(text)}.")


def _refuse_foreign(field: CronField, text: str) -> NoReturn:
    refuse(
        field,
        "cron_unsupported",
        f"cannot be “{shown(text)}”: L, W, #, ?, R and H are not supported. "
        f"Use {field.allowed}.",
    )


def _refuse_order(field: CronField, first: str, last: str) -> NoReturn:
    named = first.isalpha()
    highest = field.names[-1] if named else str(field.last)
    lowest = field.names[0] if named else str(field.low)
    parts = [_span(first, highest), _span(lowest, last)]
    if first == "7" and field is WEEKDAY:
        parts.pop(0)
    refuse(
        field,
        "cron_range_order",
        f"range “{shown(first)}-{shown(last)}” runs backwards, and ranges do not wrap "
        f"around. Write {','.join(parts)}.",
    )


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"
