"""Time windows: exact formats, and what the relative types mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from instances.sandbox.errors import Refusal
from instances.sandbox.windows import explicit, parse_local_time, parse_zone, relative
from instances.sandbox.wire import local_text, utc_text

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
# In New York it is still the evening of the last day of October.
NOW = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "zone", "start", "end"),
    [
        ("MOST_RECENT_DAY", UTC_ZONE, "2026-10-31T00:00:00", "2026-11-01T00:00:00"),
        ("MOST_RECENT_DAY", NEW_YORK, "2026-10-30T00:00:00", "2026-10-31T00:00:00"),
        ("MOST_RECENT_WEEK", UTC_ZONE, "2026-10-25T00:00:00", "2026-11-01T00:00:00"),
        ("CURRENT_MONTH", UTC_ZONE, "2026-11-01T00:00:00", "2026-11-02T00:00:00"),
        ("CURRENT_MONTH", NEW_YORK, "2026-10-01T00:00:00", "2026-11-01T00:00:00"),
        ("PREVIOUS_MONTH", UTC_ZONE, "2026-10-01T00:00:00", "2026-11-01T00:00:00"),
        ("PREVIOUS_MONTH", NEW_YORK, "2026-09-01T00:00:00", "2026-10-01T00:00:00"),
        ("ALL", UTC_ZONE, "2025-10-01T00:00:00", "2026-11-02T00:00:00"),
    ],
)
def test_a_relative_type_means_whole_local_days(
    kind: str, zone: ZoneInfo, start: str, end: str
) -> None:
    window = relative(kind, zone, now=NOW)

    assert (local_text(window.start), local_text(window.end)) == (start, end)


def test_local_days_become_instants_by_the_zones_own_offsets() -> None:
    window = explicit("2026-10-31T00:00:00", "2026-11-02T00:00:00", NEW_YORK)

    assert utc_text(window.start_utc) == "2026-10-31T04:00:00Z"
    assert utc_text(window.end_utc) == "2026-11-02T05:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01",
        "2026-11-01T00:00",
        "2026-11-01 00:00:00",
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00+01:00",
        "2026-11-01T00:00:00.000",
        "2026-11-31T00:00:00",
        "2026-11-01T24:00:00",
        "26-11-01T00:00:00",
        "",
        "٢٠٢٦-11-01T00:00:00",
    ],
)
def test_only_the_one_format_is_taken(text: str) -> None:
    with pytest.raises(Refusal, match="timeWindowStart must be in the format"):
        parse_local_time(text, field="timeWindowStart")


@pytest.mark.parametrize("end", ["2026-11-01T00:00:00", "2026-10-31T00:00:00"])
def test_a_window_must_not_be_empty(end: str) -> None:
    with pytest.raises(Refusal, match="before"):
        explicit("2026-11-01T00:00:00", end, UTC_ZONE)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "/etc", "EST5\0"])
def test_only_names_of_zones_are_taken(name: str) -> None:
    with pytest.raises(Refusal, match="timeZone must be"):
        parse_zone(name, field="timeZone")
