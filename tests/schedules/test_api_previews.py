"""The preview of a rule at the API: the same judgement as when it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from instances.models import User
from schedules.models import Run, Schedule
from tests.browsers import API, browser, refusal
from tests.makers import NOON
from tests.schedules.clock import stopped_clock

PREVIEW = f"{API}cron/preview/"


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def preview(user: User, **wish: Any) -> Any:
    return browser(user).post(PREVIEW, {"expression": "0 9 * * mon"} | wish)


def test_a_rule_is_told_with_slots_dates_and_surprises(vic: User):
    told = preview(
        vic,
        timezone="America/New_York",
        count=2,
        window={"kind": "last_days", "days": 7},
    ).json()

    assert told["normalized"] == "0 9 * * MON"
    assert "Monday" in told["description"]
    assert told["fires"][0] == {
        "utc": "2026-11-23T14:00:00Z",
        "local": "2026-11-23T09:00:00",
        "offset": "-0500",
        "abbreviation": "EST",
        "window": {"start": "2026-11-14", "end": "2026-11-21"},
        "problem": "",
    }
    assert told["warnings"] == []
    assert not Schedule.objects.exists()
    assert not Run.objects.exists()


def test_ten_slots_in_utc_unless_told_otherwise(vic: User):
    told = preview(vic).json()

    assert len(told["fires"]) == 10
    assert told["fires"][0]["utc"] == "2026-11-30T09:00:00Z"
    assert told["fires"][0]["window"] is None


def test_the_slots_after_another_moment(vic: User):
    told = preview(vic, after="2027-01-01T00:00:00+01:00", count=1).json()

    assert told["fires"][0]["utc"] == "2027-01-04T09:00:00Z"


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"expression": "* * * *"}, "cron_field_count", "expression"),
        ({"expression": None}, "type", "expression"),
        ({"expression": ["* * * * *"]}, "type", "expression"),
        ({"timezone": "Mars"}, "unknown_timezone", "timezone"),
        ({"timezone": None}, "type", "timezone"),
        ({"count": 0}, "range", "count"),
        ({"count": 101}, "range", "count"),
        ({"count": "10"}, "type", "count"),
        ({"after": "2026-11-23T12:00:00"}, "date_time", "after"),
        ({"after": "9999-12-31T23:59:59Z"}, "date_time", "after"),
        ({"after": 0}, "date_time", "after"),
        ({"window": "last week"}, "type", "window"),
        ({"window": {"kind": "x"}}, "kind", "window.kind"),
        ({"cron": "0 9 * * 1"}, "unknown_field", "cron"),
    ],
)
def test_bad_input_is_named(wish: dict[str, Any], code: str, field: str, vic: User):
    assert refusal(preview(vic, **wish)) == (400, code, field)


def test_the_part_that_is_wrong_is_named(vic: User):
    problem = preview(vic, expression="0 25 * * *").json()

    assert problem["part"] == "hour"
    assert "0–23" in problem["detail"]
