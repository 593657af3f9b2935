"""Fields of a JSON body, read with the right type or refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instances.sandbox.errors import Refusal

Content = Mapping[str, object]


def text(content: Content, name: str) -> str | None:
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(400, f"{name} must be a string.")
    return value


def choice(content: Content, name: str, allowed: Sequence[str]) -> str:
    """One of `allowed`; the first when nothing is given."""
    value = text(content, name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise Refusal(400, f"{name} must be one of {', '.join(allowed)}.")
    return value


def flag(content: Content, name: str) -> bool:
    value = content.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refusal(400, f"{name} must be a boolean.")
    return bool(value)


def whole_number(content: Content, name: str, default: int, low: int, high: int) -> int:
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(400, f"{name} must be an integer.")
    if not low <= value <= high:
        raise Refusal(400, f"{name} must be between {low} and {high}.")
    return value


def mapping(content: Content, name: str) -> Content:
    value = content.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal(400, f"{name} must be an object.")
    return value or {}


def objects(content: Content, name: str, *, at_most: int) -> list[Content]:
    value = content.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or any(not isinstance(v, dict) for v in value):
        raise Refusal(400, f"{name} must be a list of objects.")
    if len(value) > at_most:
        raise Refusal(400, f"{name} must not have more than {at_most} entries.")
    return value
