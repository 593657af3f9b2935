"""Health at the API: of what one sees, and the alarms that concern one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from instances.alarms import raise_alarm
from instances.connections import hold
from instances.holds import hold_application
from instances.models import Connection, Instance, User
from schedules.models import Schedule, Target
from tests.browsers import API, browser
from tests.makers import NOON, make_account, make_instance, make_run, make_user
from tests.schedules.clock import stopped_clock


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def health(user: User) -> dict[str, Any]:
    told: dict[str, Any] = browser(user).get(f"{API}health/").json()
    return told


def alarm_codes(user: User) -> list[str]:
    return [alarm["code"] for alarm in health(user)["alarms"]]


def test_all_is_well(vic: User):
    assert health(vic) == {
        "checked_at": "2026-11-23T12:00:00Z",
        "is_healthy": True,
        "failing": [],
        "stalled": [],
        "slower": [],
        "alarms": [],
        "affected": [],
    }


def test_what_ails_is_told_to_those_who_see_it(target: Target, vic: User, bob: User):
    Schedule.objects.update(next_run_at=NOON - timedelta(hours=1))
    for hours in (2, 3, 4):
        slot = NOON - timedelta(hours=hours)
        make_run(
            target,
            scheduled_for=slot,
            created_at=slot,
            state="FAILED",
            reason="query_failed",
            finished_at=slot,
        )

    told = health(vic)

    assert told["is_healthy"] is False
    assert told["failing"] == [
        {
            "schedule_id": target.schedule_id,
            "name": target.schedule.name,
            "failed": 3,
            "finished": 3,
            "rate": 1.0,
        }
    ]
    assert told["stalled"] == [
        {
            "schedule_id": target.schedule_id,
            "name": target.schedule.name,
            "next_run_at": "2026-11-23T11:00:00Z",
        }
    ]
    assert health(bob)["is_healthy"] is True


def test_a_held_connection_concerns_its_owner_and_those_it_keeps_waiting(
    schedule: Schedule, connection: Connection, alice: User, vic: User, bob: User
):
    hold(connection.pk, "revoked", now=NOON)

    for user in (alice, vic):
        told = health(user)
        (alarm,) = told["alarms"]
        assert alarm["code"] == "connection_held"
        assert [each["schedule_id"] for each in told["affected"]] == [schedule.pk]
        assert told["affected"][0]["alarm_id"] == alarm["id"]
    assert health(bob)["alarms"] == []
    assert health(bob)["is_healthy"] is True


def test_a_held_connection_that_nobody_needs_concerns_its_owner(
    connection: Connection, alice: User, vic: User
):
    hold(connection.pk, "revoked", now=NOON)

    assert alarm_codes(alice) == ["connection_held"]
    assert alarm_codes(vic) == []


def test_a_held_application_concerns_everybody(vic: User, bob: User):
    hold_application("invalid_client", now=NOON)

    assert alarm_codes(vic) == alarm_codes(bob) == ["application_held"]


def test_what_is_of_an_instance_concerns_its_members(
    instance: Instance, vic: User, bob: User
):
    foreign = make_instance(make_account())
    raise_alarm("stray_execution", "a", {"instance": instance.pk}, now=NOON)
    raise_alarm("stray_execution", "b", {"instance": foreign.pk}, now=NOON)

    (alarm,) = health(vic)["alarms"]

    assert alarm["subject"] == "a"
    assert alarm_codes(bob) == []


def test_staff_sees_every_alarm(vic: User):
    raise_alarm("clock_skew", "amazon", {"seconds": 400}, now=NOON)

    assert alarm_codes(vic) == []
    assert alarm_codes(make_user("staff", is_staff=True)) == ["clock_skew"]
    assert alarm_codes(make_user("root", is_superuser=True)) == ["clock_skew"]
