"""Zones come from the wheel, by exact name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from instances.errors import UnknownTimezone
from instances.zones import tzdata_version, zone, zone_names

CASES = json.loads(
    (
        Path(__file__).parents[1] / "schedules" / "recurrence" / "data" / "invalid.json"
    ).read_text()
)


@pytest.mark.parametrize(
    "name",
    [
        *[case["tz"] for case in CASES["invalid_timezones"]],
        "Factory",
        "../../etc/passwd",
        "",
        "  ",
        "utc",
        "\ud800",
        "UTC\x00",
    ],
)
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimezone) as caught:
        zone(name)

    assert (caught.value.code, caught.value.field) == ("unknown_timezone", "timezone")
    assert caught.value.message.encode()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("utc", "UTC"),
        ("America/New_york", "America/New_York"),
        ("America/New York", "America/New_York"),
        (" New York ", "America/New_York"),
        ("EST5", "America/New_York"),
        ("PST", "America/Los_Angeles"),
        ("etc/gmt-5", "Etc/GMT-5"),
    ],
)
def test_the_nearest_name_is_offered(typed: str, meant: str) -> None:
    with pytest.raises(UnknownTimezone) as caught:
        zone(typed)

    assert f"Did you mean {meant}?" in caught.value.message


@pytest.mark.parametrize("typed", ["America", "GMT+2", "+02:00", "Mars/Phobos"])
def test_no_name_is_offered_where_none_is_meant(typed: str) -> None:
    with pytest.raises(UnknownTimezone) as caught:
        zone(typed)

    assert "Did you mean" not in caught.value.message


@pytest.mark.parametrize("name", [None, 5, b"UTC", ["UTC"], {}])
def test_what_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(UnknownTimezone) as caught:
        zone(name)

    assert caught.value.code == "type"


def test_every_name_loads_and_keeps_its_name() -> None:
    names = zone_names()

    assert len(names) > 590
    assert "Factory" not in names
    assert {zone(name).key for name in names} == names


def test_the_rules_are_those_of_the_wheel() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)

    # Since 2026 Vancouver keeps summer time for ever; older databases do not know.
    local = noon.astimezone(zone("America/Vancouver"))

    assert tzdata_version() >= "2026f"
    assert local.isoformat() == "2026-11-23T05:00:00-07:00"


def test_a_zone_is_read_once() -> None:
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
