"""Values that follow the run: {"expr": "window.end - 1 day"} and its like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from instances.messages import shown
from workflows.errors import InvalidParameter
from workflows.windows import Window

_EXPRESSION = re.compile(
    r"\s*(window\.start|window\.end|slot\.date)"
    r"(?:\s*([+-])\s*([0-9]{1,4})\s*days?)?\s*"
)


def evaluate(
    values: Mapping[str, object], window: Window, slot_date: date
) -> dict[str, object]:
    """The values with every expression replaced by its date, as "2026-11-21".

    `window.end` is exclusive, as it is sent; `slot.date` is the local date of the
    slot. Other values are returned as they are. Raises InvalidParameter.
    """
    dates = {
        "window.start": window.start,
        "window.end": window.end,
        "slot.date": slot_date,
    }
    return {
        name: _evaluated(name, value, dates) if isinstance(value, Mapping) else value
        for name, value in values.items()
    }


def check_expressions(values: Mapping[str, object]) -> None:
    """Raise InvalidParameter for an expression that `evaluate` would refuse."""
    any_day = date(2026, 11, 30)
    evaluate(values, Window(any_day, any_day), any_day)


def _evaluated(
    name: str, value: Mapping[object, object], dates: Mapping[str, date]
) -> str:
    text = value.get("expr")
    match = _EXPRESSION.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(value) > 1:
        typed = f"; you gave “{shown(text)}”" if isinstance(text, str) else ""
        raise _invalid(
            name,
            "must be a plain value or an expression: window.start, window.end or "
            f"slot.date, with + or - a number of days{typed}",
        )
    origin, sign, days = match.groups()
    try:
        return (
            dates[origin] + timedelta(days=int(f"{sign or '+'}{days or 0}"))
        ).isoformat()
    except OverflowError as error:
        raise _invalid(name, "leads out of the calendar") from error


def _invalid(name: str, message: str) -> InvalidParameter:
    return InvalidParameter(
        f"{name} {message}.", code="expression", field=f"parameters.{name}"
    )
