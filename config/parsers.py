"""JSON as people mean it: no duplicate keys, no NaN, bounded depth and size."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import (
    APIException,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.parsers import JSONParser

DEEPEST = 32
# In JSON they can only stand as an escape; half of an emoji looks like one.
_MAY_BE_BAD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_BAD_IN_TEXT = frozenset("\0") | {chr(code) for code in range(0xD800, 0xE000)}


class TooLarge(APIException):
    """The body has more bytes than we read."""

    status_code = 413
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """Refuses what a lenient parser would silently bend, and what cannot be stored.

    Codes: too_large (413), malformed_json, duplicate_key, too_deep, charset.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _check_charset(media_type or "")
        raw = _read(stream)
        data = _loads(raw)
        _check_depth(data)
        if _MAY_BE_BAD.search(raw):
            _check_characters(data)
        return data


def _check_charset(media_type: str) -> None:
    _, _, parameters = media_type.lower().partition(";")
    if "charset" in parameters and "utf-8" not in parameters.replace("utf8", "utf-8"):
        raise UnsupportedMediaType(media_type)


def _read(stream: IO[Any]) -> bytes:
    """Django bounds only what it reads itself, which is no JSON."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw: bytes = stream.read(most + 1)
    if len(raw) > most:
        raise TooLarge(f"The body has more than {most:,} bytes.")
    return raw


def _loads(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        text = f"The body is not JSON: {error}"
        raise ParseError(text, code="malformed_json") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                text = f"The key {ascii(name)[:100]} stands twice."
                raise ParseError(text, code="duplicate_key")
            seen.add(name)
    return found


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    """The database has no room for infinity either."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is too large")
    return number


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(DEEPEST + 1):
        level = [item for value in level for item in _items(value)]
        if not level:
            return
    raise _too_deep()


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_characters(data: Any, path: str = "") -> None:
    """Refuse what PostgreSQL cannot store in JSON."""
    if isinstance(data, str) and not _BAD_IN_TEXT.isdisjoint(data):
        text = "NUL and lone surrogates are not allowed."
        raise ValidationError({path or "body": [text]}, code="charset")
    if isinstance(data, dict):
        for key, item in data.items():
            _check_characters(key, path)
            _check_characters(item, f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        for place, item in enumerate(data):
            _check_characters(item, f"{path}.{place}" if path else str(place))


def _too_deep() -> ParseError:
    return ParseError(f"The JSON nests deeper than {DEEPEST}.", code="too_deep")
