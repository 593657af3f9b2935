"""What a rule will do: its sentence, its next slots with their dates, its surprises."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from instances.errors import DomainError
from schedules.previews import preview
from workflows.windows import Window

SUNDAY = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
LAST_WEEK = {"kind": "last_days", "days": 7}


def test_slots_are_told_in_utc_and_on_the_wall():
    shown = preview(
        "0 9 * * mon",
        "America/New_York",
        after=SUNDAY,
        count=2,
        window_rule=LAST_WEEK,
    )

    assert shown.normalized == "0 9 * * MON"
    assert "Monday" in shown.description
    first = shown.fires[0]
    assert first.utc == datetime(2026, 3, 9, 13, 0, tzinfo=UTC)
    assert first.local.isoformat() == "2026-03-09T09:00:00-04:00"
    assert first.window == Window(date(2026, 2, 28), date(2026, 3, 7))
    assert first.problem == ""
    assert len(shown.fires) == 2


def test_without_a_window_rule_there_are_no_dates():
    (fire,) = preview("0 9 * * 1", "UTC", after=SUNDAY, count=1).fires

    assert (fire.window, fire.problem) == (None, "")


def test_the_dates_may_be_of_another_zone():
    """At nine in Los Angeles it is the next day already in Tokyo."""
    (fire,) = preview(
        "0 9 * * 1",
        "America/Los_Angeles",
        after=SUNDAY,
        count=1,
        window_rule={"kind": "last_days", "days": 1, "lag_days": 0},
        dates_timezone="Asia/Tokyo",
    ).fires

    assert fire.window == Window(date(2026, 3, 9), date(2026, 3, 10))


def test_a_slot_without_dates_says_why_and_the_others_have_theirs():
    shown = preview(
        "0 0 1 * *",
        "UTC",
        after=SUNDAY,
        count=4,
        window_rule={"kind": "fixed", "start": "2025-04-15", "end": "2025-05-01"},
    )

    dates = [bool(fire.window) for fire in shown.fires]
    assert dates == [True, True, False, False]
    assert "13 months" in shown.fires[2].problem


@pytest.mark.parametrize(
    ("cron", "zone", "rule", "code", "field"),
    [
        ("* * * *", "UTC", None, "cron_field_count", "cron"),
        ("0 9 * * 1", "Mars", None, "unknown_timezone", "timezone"),
        ("0 9 * * 1", "UTC", {"kind": "x"}, "kind", "window.kind"),
        ("0 9 * * 1", "UTC", "last week", "type", "window"),
        (5, "UTC", None, "type", "cron"),
    ],
)
def test_what_is_never_good_is_refused(
    cron: Any, zone: str, rule: Any, code: str, field: str
):
    with pytest.raises(DomainError) as caught:
        preview(cron, zone, after=SUNDAY, count=1, window_rule=rule)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_surprises_are_named():
    shown = preview("30 2 * * *", "America/New_York", after=SUNDAY, count=1)

    assert "dst_gap" in [warning.code for warning in shown.warnings]
