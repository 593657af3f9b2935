"""The manners of every serializer: strict types, and only fields that may be written.

JSON has types: `"1"` is no number, `true` is none either, and `1` is no truth. Codes:
type, range, unknown_field, read_only, control, date_time, not_found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from django.db.models import Model
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from instances.date_times import moment_of

MOST_REFUSED_SHOWN = 10
LARGEST_ID = 2**63 - 1
# Controls, lone surrogates, separators of lines and paragraphs.
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of what follows them, also of what is not theirs.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Strict(serializers.Serializer[Any]):
    """Mix in before a serializer: input names only fields that may be written."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_others(data)
        return super().to_internal_value(data)

    def _refuse_others(self, data: Mapping[str, Any]) -> None:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        others = [name for name in data if name not in writable]
        if others:
            raise serializers.ValidationError(
                {
                    str(name)[:100]: [self._refusal(name, writable)]
                    for name in others[:MOST_REFUSED_SHOWN]
                }
            )

    def _refusal(self, name: str, writable: set[str]) -> ErrorDetail:
        if name in self.fields:
            return ErrorDetail("This field is read-only.", code="read_only")
        known = ", ".join(sorted(writable)) or "none"
        return ErrorDetail(f"No such field. Known: {known}.", code="unknown_field")


class Whole(serializers.Field[int, Any, int, Any]):
    """An integer that is an integer: no text, no fraction, no boolean."""

    default_error_messages = {
        "type": "A whole number is needed.",
        "range": "Use a number from {least} to {most}.",
    }

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type")
        if not self.least <= data <= self.most:
            self.fail("range", least=self.least, most=self.most)
        return data

    def to_representation(self, value: int) -> int:
        return value


class WholeInQuery(Whole):
    """The same in a query string, where everything is text."""

    def to_internal_value(self, data: Any) -> int:
        text = str(data)
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            self.fail("type")
        return super().to_internal_value(int(text))


class Flag(serializers.BooleanField):
    """true or false, and no words or numbers for them."""

    default_error_messages = {"type": "Use true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("type")
        return data


class FlagInQuery(serializers.BooleanField):
    """The same in a query string."""

    default_error_messages = {"type": "Use true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("type")
        return bool(data == "true")


class Text(serializers.CharField):
    """A text without control characters and without what turns its direction.

    `lines`: it may have more than one.
    """

    default_error_messages = {
        "type": "Text is needed.",
        "control": "The character {character} is not allowed.",
    }

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        self._layout = frozenset("\n\r\t" if lines else "")
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("type")
        for character in data:
            if character not in self._layout and is_forbidden(character):
                self.fail("control", character=f"U+{ord(character):04X}")
        return super().to_internal_value(data)


def is_forbidden(character: str) -> bool:
    """Whether no text of people's has this character."""
    return unicodedata.category(character) in _FORBIDDEN or character in _TURNING


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[datetime, Any, str, Any]):
    """A moment with its offset from UTC; told in UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return moment_of(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="date_time") from error

    def to_representation(self, value: datetime) -> str:
        return value.isoformat().replace("+00:00", "Z")


class Verbatim(serializers.Field[Any, Any, Any, Any]):
    """A value that the core judges itself, so that there is one message for it."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """null is for the core to judge, too."""
        return (False, data) if data is None else super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(str)
class VerbatimText(Verbatim):
    """Text, but whatever is given reaches the core."""


@extend_schema_field({"type": "object", "additionalProperties": True})
class VerbatimObject(Verbatim):
    """An object, but whatever is given reaches the core."""


@extend_schema_field(
    {"type": "array", "items": {"type": "object", "additionalProperties": True}}
)
class VerbatimObjects(Verbatim):
    """A list of objects, but whatever is given reaches the core."""


class Values(serializers.DictField):
    """Values of parameters by name; what they are is the core's business."""

    default_error_messages = {
        "not_a_dict": "An object with a value per name is needed."
    }


class Related(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row among those that `rows()` lets the requester name."""

    default_error_messages = {
        "type": "The id of one is needed, a whole number.",
        "not_found": "There is none with the id {id}.",
    }

    def rows(self) -> Any:
        """What may be named."""
        raise NotImplementedError

    def get_queryset(self) -> Any:
        return self.rows()

    def to_internal_value(self, data: Any) -> Model:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type")
        found = self.rows().filter(pk=data).first() if is_id(data) else None
        if found is None:
            self._not_found(data)
        row: Model = found
        return row

    def _not_found(self, key: int) -> NoReturn:
        self.fail("not_found", id=str(key)[:20])


def is_id(number: int) -> bool:
    """Whether a row can have it as its key."""
    return 1 <= number <= LARGEST_ID
