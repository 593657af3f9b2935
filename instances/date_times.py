"""PURE. Moments as people and scripts write them: ISO 8601, always with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from instances.messages import shown

FIRST_YEAR, LAST_YEAR = 2000, 2100
_FORM = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
    r"(?P<offset>Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
EXAMPLE = "2026-11-30T09:00:00Z or 2026-11-30T09:00:00+01:00"


def moment_of(text: object) -> datetime:
    """The moment in UTC. Raises ValueError with a text for people."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"Write the moment as {EXAMPLE}.{_hint(text)}")
    if match["offset"] is None:
        raise ValueError(f"The moment needs its offset from UTC, such as {EXAMPLE}.")
    try:
        moment = datetime.fromisoformat(match[0]).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"“{shown(match[0])}” is on no calendar or clock.") from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"The year must be {FIRST_YEAR} to {LAST_YEAR}.")
    return moment


def _hint(text: object) -> str:
    """In an address a bare + means a space."""
    is_unescaped = isinstance(text, str) and re.search(r":\d{2} \d{2}:\d{2}$", text)
    return " In an address, write + as %2B." if is_unescaped else ""
