"""Arguments that say what a run by hand asks for: slot, window, values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from instances.zones import zone
from schedules.management.shell_command import usage
from workflows.errors import InvalidParameter
from workflows.parameters.declarations import Declaration, declarations_of
from workflows.windows import Window

# Their values are texts as they are typed; those of the others are JSON.
_TEXTS = {"STRING", "DATE", "TIMESTAMP", "BINARY", "CALENDAR_INTERVAL"}


def slot(text: str, timezone: str, *, now: datetime) -> datetime:
    """A moment of the past in ISO form; without offset on the wall of `timezone`.

    Raises CommandError.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(timezone))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise usage(
            f"--slot: “{text}” is no moment; write 2026-11-23T09:00 for the wall clock "
            f"of {timezone}, or give an offset."
        ) from error
    if moment > now:
        raise usage(f"--slot: {text} is still to come; its data are not there yet.")
    return moment


def window(text: str) -> Window:
    """`2026-11-14..2026-11-20`, both days included. Raises CommandError."""
    first, dots, last = text.partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        if not dots or end < start:
            raise ValueError
        return Window(start=start, end=end + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise usage(
            f"--window: “{text}” is no window; write 2026-11-14..2026-11-20, the first "
            "and the last day."
        ) from error


def values(pairs: Sequence[str], declared: object) -> dict[str, Any]:
    """Values of `name=value` pairs, read as their declarations want them.

    A list is JSON or separated by commas; {"expr": "window.start"} is an expression.
    Raises CommandError; what a value must be is checked where the run is made.
    """
    known = _known(declared)
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise usage(f"--param: “{pair}” is not of the form name=value.")
        found[name] = _value(text, known.get(name))
    return found


def _known(declared: object) -> Mapping[str, Declaration]:
    try:
        return declarations_of(declared)
    except InvalidParameter:  # said where the run is made
        return {}


def _value(text: str, declaration: Declaration | None) -> Any:
    if text.startswith('{"expr"'):
        return _json(text)
    if declaration is None:
        return text
    if not declaration.is_array:
        return text if declaration.data_type in _TEXTS else _json(text)
    if text.startswith("["):
        return _json(text)
    items = [item.strip() for item in text.split(",")]
    is_text = declaration.data_type in _TEXTS
    return items if is_text else [_json(item) for item in items]


def _json(text: str) -> Any:
    """What the text says; when it is no JSON the text itself, which is then refused."""
    try:
        return json.loads(text)
    except ValueError:
        return text
