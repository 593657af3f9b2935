"""Time zones as the tzdata wheel has them, whatever the machine has."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.resources import files
from zoneinfo import ZoneInfo

from instances.errors import UnknownTimezone
from instances.messages import shown

# A zone that says "nobody has set this machine's clock"; not for people.
_NOT_OFFERED = {"Factory"}
_LONGEST_NAME = 64
# What people type for places whose clocks change; EST and MST are zones themselves.
_ABBREVIATIONS = {
    "bst": "Europe/London",
    "cdt": "America/Chicago",
    "cest": "Europe/Berlin",
    "cst": "America/Chicago",
    "edt": "America/New_York",
    "est5": "America/New_York",
    "jst": "Asia/Tokyo",
    "mdt": "America/Denver",
    "pdt": "America/Los_Angeles",
    "pst": "America/Los_Angeles",
}


def tzdata_version() -> str:
    """The release of the time zone database, such as 2026f."""
    return str(import_module("tzdata").IANA_VERSION)


@cache
def zone_names() -> frozenset[str]:
    """Every name that people may choose."""
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return frozenset(names) - _NOT_OFFERED


def zone(name: object) -> ZoneInfo:
    """The zone, read from the wheel's own file.

    ZoneInfo(name) would ask the system's database first, which differs from machine
    to machine. Raises UnknownTimezone; nothing but a known name reaches a file.
    """
    if not isinstance(name, str):
        raise UnknownTimezone(
            "The time zone must be text, such as Europe/Berlin.",
            code="type",
            field="timezone",
        )
    if name not in zone_names():
        raise UnknownTimezone(_advice(name), field="timezone")
    return _load(name)


@cache
def _load(name: str) -> ZoneInfo:
    file = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def _advice(name: str) -> str:
    if not name.strip():
        return "A time zone is needed, such as Europe/Berlin."
    unknown = f"“{shown(name)}” is not a known time zone."
    nearest = _nearest(name)
    if nearest is None:
        return f"{unknown} Use a name such as Europe/Berlin."
    return f"{unknown} Did you mean {nearest}?"


def _nearest(name: str) -> str | None:
    """The likeliest name: by its spelling, an abbreviation, or its city alone."""
    if len(name) > _LONGEST_NAME:
        return None
    typed = re.sub(r"\s+", "_", name.strip()).casefold()
    known = _names_by_spelling()
    if typed in known:
        return known[typed]
    # An offset or a folder is near to many names and means none of them.
    if re.search("[0-9]", typed) or any(key.startswith(f"{typed}/") for key in known):
        return None
    close = get_close_matches(typed, known, n=1, cutoff=0.7)
    return known[close[0]] if close else None


@cache
def _names_by_spelling() -> dict[str, str]:
    by_city = {name.rpartition("/")[2].casefold(): name for name in _places()}
    by_name = {name.casefold(): name for name in sorted(zone_names())}
    return _ABBREVIATIONS | by_city | by_name


def _places() -> list[str]:
    return sorted(
        name for name in zone_names() if "/" in name and not name.startswith("Etc/")
    )
