"""Python values as SQL, and which values can be written at all."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, TypeGuard

from workflows.errors import InvalidParameter

Scalar: TypeAlias = str | bool | int | Decimal | date

# More digits than any type of Amazon's has.
MAX_DIGITS = 100
_FIRST_TOO_LARGE = 10**MAX_DIGITS
# Control characters, lone surrogates, line and paragraph separators.
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})


def sql_of(name: str, value: object) -> str:
    """The value as one item of code: quoted, or a number, or TRUE or FALSE."""
    scalar = checked(name, value)
    text = _text(scalar)
    if isinstance(scalar, bool):
        return text.upper()
    if isinstance(scalar, int | Decimal):
        return text
    quoted = f"'{_doubled(text)}'"
    if isinstance(scalar, datetime):
        return f"TIMESTAMP {quoted}"
    if isinstance(scalar, date):
        return f"DATE {quoted}"
    return quoted


def text_of(name: str, value: object) -> str:
    """The value as a part of a text that stands in quotes already."""
    if is_list(value):
        raise invalid(
            name, "list_in_literal", "is a list, and its place in the SQL is in quotes"
        )
    return _doubled(_text(checked(name, value)))


def items_of(name: str, values: list[object] | tuple[object, ...]) -> list[str]:
    """The items of a list as code; a list has items, all of one type."""
    if not values:
        raise invalid(name, "empty_list", "is an empty list")
    kinds = sorted({type(value).__name__ for value in values})
    if len(kinds) > 1:
        raise invalid(
            name, "type", f"must have items of one type, not {' and '.join(kinds)}"
        )
    return [sql_of(name, value) for value in values]


def is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def checked(name: str, value: object) -> Scalar:
    """The value, if it can be written; raises InvalidParameter if not."""
    if value is None:
        raise invalid(name, "null", "has no value (null)")
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(name, "not_finite", "must be a finite number")
    if not isinstance(value, str | bool | int | Decimal | date):
        kind = type(value).__name__
        raise invalid(name, "type", f"cannot be a value of type {kind}")
    if isinstance(value, str):
        check_characters(name, value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise invalid(name, "type", "must be a time without a zone")
    if isinstance(value, int | Decimal):
        _check_number(name, value)
    return value


def check_characters(name: str, text: str) -> None:
    for character in text:
        if unicodedata.category(character) in _FORBIDDEN:
            raise invalid(
                name,
                "control_character",
                f"must not have the character {ascii(character)[1:-1]} in it",
            )


def _check_number(name: str, value: int | Decimal) -> None:
    if isinstance(value, Decimal) and not value.is_finite():
        raise invalid(name, "not_finite", "must be a finite number")
    if not -_FIRST_TOO_LARGE < value < _FIRST_TOO_LARGE or places(value) > MAX_DIGITS:
        raise invalid(name, "range", f"has more than {MAX_DIGITS} digits")


def places(value: int | Decimal) -> int:
    """How many digits stand after the point."""
    if isinstance(value, int):
        return 0
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def invalid(name: str, code: str, message: str) -> InvalidParameter:
    """The error that says of the parameter `name` what `message` says."""
    return InvalidParameter(f"{name} {message}.", code=code, field=f"parameters.{name}")
