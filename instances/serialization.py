"""The manners of every serializer: unknown and read-only fields are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class Strict(serializers.Serializer[Any]):
    """Mix in before a serializer: input names only fields that may be written.

    Codes: unknown_field, read_only.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_others(data)
        return super().to_internal_value(data)

    def _refuse_others(self, data: Mapping[str, Any]) -> None:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        refused: dict[str, list[ErrorDetail]] = {}
        for name in data:
            if name in writable:
                continue
            known = name in self.fields
            refused[str(name)[:100]] = [
                ErrorDetail(
                    "This field is read-only."
                    if known
                    else f"No such field. Known: {', '.join(sorted(writable))}.",
                    code="read_only" if known else "unknown_field",
                )
            ]
        if refused:
            raise serializers.ValidationError(refused)


class Whole(serializers.IntegerField):
    """An integer that is an integer: no text, no fraction, no boolean."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """A text that is a text, without control characters or direction overrides."""

    default_error_messages = {
        "control": "Control characters are not allowed.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if any(not mark.isprintable() and mark not in "\n\t\r" for mark in text):
            self.fail("control")
        return text
