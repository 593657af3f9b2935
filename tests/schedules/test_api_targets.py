"""Targets at the API: on one more instance, with a zone and values of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from instances.models import Instance, User
from schedules.models import Run, Schedule, Target
from tests.browsers import API, browser, codes, refusal
from tests.makers import (
    NOON,
    make_account,
    make_instance,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.schedules.clock import stopped_clock
from tests.schedules.histories import HOUR, run_at_amazon, told

BRAND = {"name": "brand", "dataType": "STRING"}


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


@pytest.fixture
def extra(instance: Instance) -> Instance:
    return make_instance(instance.account, name="Acme EU")


def path_of(target: Target, action: str = "") -> str:
    return f"{API}targets/{target.pk}/{action}"


def test_a_target_is_added_and_told_whole(
    schedule: Schedule, extra: Instance, alice: User
):
    wish = {"schedule": schedule.pk, "instance": extra.pk, "timezone": "Asia/Tokyo"}

    answer = browser(alice).post(f"{API}targets/", wish)

    told_target = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"2"')
    assert told_target == wish | {
        "id": Target.objects.latest("id").pk,
        "schedule_revision": 2,
        "instance_name": "Acme EU",
        "instance_id": extra.instance_id,
        "account": extra.account_id,
        "parameter_values": {},
        "consecutive_failures": 0,
        "paused_at": None,
        "pause_reason": "",
        "pause_message": "",
        "created_at": "2026-11-23T12:00:00Z",
    }
    read = browser(alice).get(f"{API}targets/{told_target['id']}/")
    assert (read.json(), read.headers["ETag"]) == (told_target, '"2"')


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"schedule": None}, "null", "schedule"),
        ({"schedule": "1"}, "type", "schedule"),
        ({"schedule": 10**12}, "not_found", "schedule"),
        ({"instance": 10**12}, "not_found", "instance"),
        ({"instance": [1]}, "type", "instance"),
        ({"timezone": "Mars/Phobos"}, "unknown_timezone", "timezone"),
        ({"timezone": None}, "type", "timezone"),
        ({"timezone": 5}, "type", "timezone"),
        ({"parameter_values": {"x": 1}}, "unknown", "parameter_values.x"),
        ({"parameter_values": "x"}, "not_a_dict", "parameter_values"),
        ({"paused_at": "2026-11-23T12:00:00Z"}, "read_only", "paused_at"),
        ({"account": 5}, "read_only", "account"),
        ({"consecutive_failures": 0}, "read_only", "consecutive_failures"),
        ({"counting_from": None}, "unknown_field", "counting_from"),
    ],
)
def test_bad_input_adds_nothing(
    change: dict[str, Any],
    code: str,
    field: str,
    schedule: Schedule,
    extra: Instance,
    alice: User,
):
    wish = {"schedule": schedule.pk, "instance": extra.pk} | change

    answer = browser(alice).post(f"{API}targets/", wish)

    assert refusal(answer) == (400, code, field)
    assert Target.objects.count() == 1
    assert Schedule.objects.get().revision == 1


def test_an_instance_is_a_target_once(
    schedule: Schedule, instance: Instance, alice: User
):
    wish = {"schedule": schedule.pk, "instance": instance.pk}

    answer = browser(alice).post(f"{API}targets/", wish)

    assert refusal(answer) == (400, "duplicate", "instance")


def test_what_is_of_others_does_not_exist(schedule: Schedule, alice: User, bob: User):
    foreign = make_instance(make_account())

    to_foreign = {"schedule": schedule.pk, "instance": foreign.pk}
    from_foreign = {"schedule": schedule.pk, "instance": foreign.pk}

    assert refusal(browser(alice).post(f"{API}targets/", to_foreign)) == (
        400,
        "not_found",
        "instance",
    )
    status, _, _ = refusal(browser(bob).post(f"{API}targets/", from_foreign))
    assert status == 400


def test_zone_and_values_are_edited_from_the_next_slot_on(
    instance: Instance, alice: User
):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    target = schedule.targets.get()

    answer = browser(alice).patch(
        path_of(target),
        {"timezone": "Asia/Tokyo", "parameter_values": {"brand": "Other"}},
        headers={"if-match": '"1"'},
    )

    assert (answer.status_code, answer.json()["schedule_revision"]) == (200, 2)
    assert Run.objects.get().parameter_values == {"brand": "Acme"}
    cleared = browser(alice).patch(path_of(target), {"timezone": ""})
    assert cleared.json()["timezone"] == ""


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_stale_revision_gets_the_current_target(
    method: str, target: Target, alice: User, ada: User
):
    browser(ada).patch(f"{API}schedules/{target.schedule_id}/", {"name": "New"})

    answer = getattr(browser(alice), method)(
        path_of(target), {"timezone": "UTC"}, headers={"if-match": '"1"'}
    )

    assert codes(answer) == (412, "stale_revision")
    assert answer.json()["current"]["schedule_revision"] == 2
    assert answer.headers["ETag"] == '"2"'


def test_a_target_stays_where_it_is(target: Target, extra: Instance, alice: User):
    moved = browser(alice).patch(path_of(target), {"instance": extra.pk})
    given_away = browser(alice).patch(path_of(target), {"schedule": 1})

    assert refusal(moved) == (400, "invalid", "instance")
    assert refusal(given_away) == (400, "read_only", "schedule")


def test_pausing_and_resuming_one(target: Target, alice: User):
    client = browser(alice)

    paused = client.post(path_of(target, "pause/"), {"reason": "broken tag"})
    twice = client.post(path_of(target, "pause/"))
    resumed = client.post(path_of(target, "resume/"))
    again = client.post(path_of(target, "resume/"))

    assert (paused.json()["pause_reason"], paused.json()["pause_message"]) == (
        "person",
        "broken tag",
    )
    assert codes(twice) == (409, "already_paused")
    assert resumed.json()["paused_at"] is None
    assert codes(again) == (409, "not_paused")
    assert told(target) == [(NOON, "SKIPPED", "target_paused")]


def test_a_run_at_amazon_stands_in_the_way_of_removal(target: Target, alice: User):
    run_at_amazon(target, scheduled_for=NOON - HOUR)

    refused = browser(alice).delete(path_of(target))
    unclear = browser(alice).delete(f"{path_of(target)}?cancel=1")
    removed = browser(alice).delete(f"{path_of(target)}?cancel=true")

    assert codes(refused) == (409, "still_running")
    assert refusal(unclear) == (400, "type", "cancel")
    assert removed.status_code == 204
    assert codes(browser(alice).get(path_of(target))) == (404, "not_found")


def test_targets_are_those_of_ones_accounts(schedule: Schedule, vic: User, bob: User):
    foreign = make_target(schedule, make_instance(bob.memberships.get().account))

    of_vic = browser(vic).get(f"{API}targets/").json()["results"]
    of_bob = browser(bob).get(f"{API}targets/").json()["results"]

    assert [row["id"] for row in of_bob] == [foreign.pk]
    assert foreign.pk not in [row["id"] for row in of_vic]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("paused=true", 1),
        ("paused=false", 1),
        ("account=999999", 0),
        ("schedule=999999", 0),
    ],
)
def test_targets_are_found(
    query: str, count: int, target: Target, extra: Instance, vic: User
):
    make_target(target.schedule, extra, paused_at=NOON, pause_reason="person")

    rows = browser(vic).get(f"{API}targets/?{query}").json()["results"]

    assert len(rows) == count


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("paused=yes", "type", "paused"),
        ("schedule=x", "type", "schedule"),
        ("timezone=UTC", "unknown_parameter", "timezone"),
    ],
)
def test_bad_filters_are_refused(query: str, code: str, field: str, vic: User):
    answer = browser(vic).get(f"{API}targets/?{query}")

    assert refusal(answer) == (400, code, field)
