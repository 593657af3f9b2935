"""Amazon's types of parameters: what may be given, and in which form it is sent."""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from workflows.parameters.literals import Scalar, check_characters, invalid, places

# What a JSON document can hold of one value.
Sent: TypeAlias = str | bool | int | float

MAX_TEXT_LENGTH = 1024
_DECIMAL_DIGITS = 38
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{3}(?:[0-9]{3})?)?)?)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterType:
    """`read` makes the value of what was given, `send` what is sent to Amazon."""

    read: Callable[[str, object], Scalar]
    send: Callable[[Scalar], Sent]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(name, "type", "must be text")
    if len(value) > MAX_TEXT_LENGTH:
        raise invalid(
            name,
            "too_long",
            f"has {len(value):,} characters; {MAX_TEXT_LENGTH:,} are allowed",
        )
    check_characters(name, value)
    return value


def _binary(name: str, value: object) -> str:
    text = _text(name, value)
    try:
        b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(name, "type", "must be bytes in base64") from error
    return text


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, "type", "must be true or false")
    return value


def _whole_number(bits: int) -> Callable[[str, object], int]:
    most = 2 ** (bits - 1) - 1
    least = -most - 1

    def read(name: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid(name, "type", "must be a whole number")
        if not least <= value <= most:
            raise invalid(name, "range", f"must be from {least:,} to {most:,}")
        return value

    return read


def _decimal(name: str, value: object) -> Decimal:
    number = _number(name, value)
    if number.adjusted() >= _DECIMAL_DIGITS or places(number) > _DECIMAL_DIGITS:
        raise invalid(name, "range", f"has more than {_DECIMAL_DIGITS} digits")
    return number


def _floating(name: str, value: object) -> Decimal:
    number = _number(name, value)
    if not math.isfinite(float(number)):
        raise invalid(name, "range", "is too large")
    return number


def _number(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise invalid(name, "type", "must be a number")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise invalid(name, "type", "must be a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise invalid(name, "not_finite", "must be a finite number")
    return number


def _date(name: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise invalid(name, "type", "must be a date such as 2026-11-30")


def _timestamp(name: str, value: object) -> datetime:
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    raise invalid(
        name, "type", "must be a time without zone such as 2026-11-30T09:00:00"
    )


def _as_is(value: Scalar) -> Sent:
    return value if isinstance(value, str | bool | int) else str(value)


def _fixed_point(value: Scalar) -> str:
    return f"{value:f}"


def _float(value: Scalar) -> float:
    return float(str(value))


def _iso(value: Scalar) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


TYPES = {
    "STRING": ParameterType(read=_text, send=_as_is),
    "BOOLEAN": ParameterType(read=_boolean, send=_as_is),
    "BYTE": ParameterType(read=_whole_number(8), send=_as_is),
    "SHORT": ParameterType(read=_whole_number(16), send=_as_is),
    "INTEGER": ParameterType(read=_whole_number(32), send=_as_is),
    "LONG": ParameterType(read=_whole_number(64), send=_as_is),
    "FLOAT": ParameterType(read=_floating, send=_float),
    "DOUBLE": ParameterType(read=_floating, send=_float),
    # A JSON number would lose digits.
    "DECIMAL": ParameterType(read=_decimal, send=_fixed_point),
    "DATE": ParameterType(read=_date, send=_iso),
    "TIMESTAMP": ParameterType(read=_timestamp, send=_iso),
    "BINARY": ParameterType(read=_binary, send=_as_is),
    "CALENDAR_INTERVAL": ParameterType(read=_text, send=_as_is),
}
