"""JSON as people mean it: no duplicate keys, no NaN, bounded depth and size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser

DEEPEST = 32


class StrictJSONParser(JSONParser):
    """Refuses what a lenient parser would silently bend.

    Codes: malformed_json, duplicate_key, too_deep. Bodies over
    DATA_UPLOAD_MAX_MEMORY_SIZE are refused by Django before they get here.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        if "charset" in (media_type or "") and "utf-8" not in media_type.lower():  # type: ignore[union-attr]  # "" has no charset
            raise UnsupportedMediaType(media_type or "")
        raw = stream.read()
        if _depth(raw) > DEEPEST:
            raise ParseError(f"The JSON nests deeper than {DEEPEST}.", code="too_deep")
        try:
            return json.loads(
                raw.decode("utf-8"),
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError) as error:
            raise ParseError(
                f"The body is not JSON: {error}", code="malformed_json"
            ) from error


def _depth(raw: bytes) -> int:
    """An upper bound of the nesting, found before anything is built."""
    deepest = depth = 0
    for byte in raw:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The key {twice[:100]!r} stands twice.", code="duplicate_key")
    return found


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")
