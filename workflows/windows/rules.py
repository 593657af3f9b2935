"""What may stand in the rule of a window, and what is wrong when it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from instances.messages import shown
from workflows.errors import InvalidWindow

# Amazon completes a day's data within two days of its end.
DEFAULT_LAG_DAYS = 2
MAX_LAG_DAYS = 366
MAX_DAYS = 400
WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowRule:
    """A checked rule. Only the fields of its kind have a meaning."""

    kind: str
    lag_days: int = DEFAULT_LAG_DAYS
    days: int = 0
    week_starts: int = 0
    start: date = date.min
    end: date = date.min


def check_rule(rule: object) -> WindowRule:
    """The rule with its defaults; raises InvalidWindow naming what is wrong."""
    if not isinstance(rule, Mapping):
        raise _invalid("type", None, "The window must be an object with a “kind”.")
    kind = rule.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS_OF_KIND:
        kinds = ", ".join(_FIELDS_OF_KIND)
        raise _invalid("kind", "kind", f"The kind of window must be one of {kinds}.")
    checks = _FIELDS_OF_KIND[kind]
    for name in map(str, rule):
        if name != "kind" and name not in checks:
            text = f"A window of kind {kind} has no “{shown(name)}”."
            raise _invalid("unknown_field", shown(name), text)
    values = {name: check(name, rule.get(name)) for name, check in checks.items()}
    checked = WindowRule(kind=kind, **values)
    if kind == "fixed" and checked.start >= checked.end:
        raise _invalid(
            "window_empty",
            "end",
            f"end ({checked.end}) is not part of the window, so it must be later than "
            f"start ({checked.start}).",
        )
    return checked


def _whole_number(
    least: int, most: int, default: int | None = None
) -> Callable[[str, object], int]:
    def check(name: str, value: object) -> int:
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise _invalid("type", name, f"{name} must be a whole number.")
        if not least <= value <= most:
            raise _invalid("range", name, f"{name} must be from {least} to {most}.")
        return value

    return check


def _week_start(name: str, value: object) -> int:
    if value is None:
        return 0
    day = value.lower() if isinstance(value, str) else ""
    for number, weekday in enumerate(WEEKDAYS):
        if day in (weekday, weekday[:3]):
            return number
    raise _invalid("range", name, f"{name} must be a day, monday to sunday.")


def _date(name: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        # The form alone does not exclude 30 February.
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise _invalid("type", name, f"{name} must be a date such as 2026-11-30.")


_LAG = {"lag_days": _whole_number(0, MAX_LAG_DAYS, DEFAULT_LAG_DAYS)}
_FIELDS_OF_KIND: dict[str, dict[str, Callable[[str, object], Any]]] = {
    "last_days": {"days": _whole_number(1, MAX_DAYS), **_LAG},
    "previous_week": {"week_starts": _week_start, **_LAG},
    "previous_month": _LAG,
    "month_to_date": _LAG,
    "fixed": {"start": _date, "end": _date, **_LAG},
}


def _invalid(code: str, name: str | None, message: str) -> InvalidWindow:
    field = f"window.{name}" if name else "window"
    return InvalidWindow(message, code=code, field=field)
