"""Runs by hand and coming slots at the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from instances.models import Instance, User
from schedules.models import Run, Schedule, Target
from tests.broker import Broker, no_broker, silent_port
from tests.browsers import browser, codes, refusal
from tests.makers import (
    NOON,
    make_account,
    make_instance,
    make_run,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.schedules.asking import path_of
from tests.schedules.clock import stopped_clock
from tests.schedules.histories import HOUR
from workflows.models import Workflow

BRAND = {"name": "brand", "dataType": "STRING"}
PAUSED = {"is_active": False, "next_run_at": None, "paused_at": NOON}


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


# --- Triggering -------------------------------------------------------------------


def trigger(user: User, schedule: Schedule, **wish: Any) -> Any:
    return browser(user).post(path_of(schedule, "trigger/"), wish)


def test_a_run_by_hand_is_told_with_its_dates(schedule: Schedule, alice: User):
    answer = trigger(alice, schedule)

    (run,) = answer.json()["runs"]
    assert (answer.status_code, answer.json()["refused"]) == (201, [])
    assert (run["trigger"], run["state"]) == ("manual", "PENDING")
    assert (run["window_start"], run["window_end"]) == ("2026-11-14", "2026-11-21")
    assert run["schedule_name"] == schedule.name
    assert run["executions"] == []
    assert Schedule.objects.get().next_run_at == NOON


def test_dates_values_targets_and_slot_can_be_given(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    make_target(schedule, make_instance(instance.account))
    first = schedule.targets.order_by("id").first()

    answer = trigger(
        alice,
        schedule,
        targets=[first.pk],
        values={"brand": "Other"},
        window={"start": "2026-11-01", "end": "2026-11-08"},
        slot="2026-11-22T12:00:00+01:00",
    )

    (run,) = answer.json()["runs"]
    assert run["target"] == first.pk
    assert run["parameter_values"] == {"brand": "Other"}
    assert (run["window_start"], run["window_end"]) == ("2026-11-01", "2026-11-08")
    assert run["scheduled_for"] == "2026-11-22T11:00:00Z"


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"targets": []}, "empty", "targets"),
        ({"targets": [10**12]}, "not_found", "targets"),
        ({"targets": ["1"]}, "type", "targets.0"),
        ({"values": {"x": 1}}, "unknown", "values.x"),
        ({"values": []}, "not_a_dict", "values"),
        ({"window": {"start": "2026-11-01"}}, "required", "window.end"),
        (
            {"window": {"start": "2026-02-30", "end": "2026-03-02"}},
            "invalid",
            "window.start",
        ),
        (
            {"window": {"start": "2026-11-08", "end": "2026-11-01"}},
            "window_empty",
            "window.end",
        ),
        (
            {"window": {"start": "2026-11-20", "end": "2026-12-01"}},
            "window_in_future",
            "window",
        ),
        (
            {"window": {"start": "2025-01-01", "end": "2025-01-02"}},
            "window_too_old",
            "window",
        ),
        (
            {"window": {"start": "2026-11-01", "end": "2026-11-02", "lag": 1}},
            "unknown_field",
            "window.lag",
        ),
        ({"slot": "2026-11-23T12:00:01Z"}, "range", "slot"),
        ({"slot": "2026-11-22T12:00:00"}, "date_time", "slot"),
        ({"slot": "9999-01-01T00:00:00Z"}, "date_time", "slot"),
        ({"slot": "0001-01-01T00:00:00+14:00"}, "date_time", "slot"),
        ({"slot": 5}, "date_time", "slot"),
        ({"force": "true"}, "type", "force"),
        ({"force": 1}, "type", "force"),
        ({"state": "SUCCEEDED"}, "unknown_field", "state"),
    ],
)
def test_bad_wishes_start_nothing(
    wish: dict[str, Any], code: str, field: str, schedule: Schedule, alice: User
):
    answer = trigger(alice, schedule, **wish)

    assert refusal(answer) == (400, code, field)
    assert not Run.objects.exists()


def test_a_target_that_is_not_seen_does_not_exist(schedule: Schedule, alice: User):
    hidden = make_target(schedule, make_instance(make_account()))

    answer = trigger(alice, schedule, targets=[hidden.pk])

    assert refusal(answer) == (400, "not_found", "targets")


def test_on_a_paused_schedule_it_must_be_forced(workflow: Workflow, alice: User):
    schedule = make_schedule(workflow, **PAUSED)

    refused = trigger(alice, schedule)
    forced = trigger(alice, schedule, force=True)

    assert codes(refused) == (409, "paused")
    assert forced.status_code == 201


def test_a_run_a_moment_ago_is_named(schedule: Schedule, alice: User):
    first = trigger(alice, schedule).json()["runs"][0]["id"]

    refused = trigger(alice, schedule)
    forced = trigger(alice, schedule, force=True)

    assert codes(refused) == (409, "recent_run")
    assert refused.json()["run_id"] == first
    assert forced.status_code == 201


def test_without_account_it_is_said_before_any_call(schedule: Schedule, alice: User):
    Target.objects.update(instance=make_instance(None))

    assert codes(trigger(alice, schedule)) == (409, "account_missing")


def test_on_a_held_connection_it_is_taken(schedule: Schedule, alice: User):
    alice.connections.update(held_at=NOON, hold_reason="revoked")

    assert trigger(alice, schedule).status_code == 201


def test_targets_that_are_refused_are_told_beside_the_others(
    schedule: Schedule, alice: User
):
    foreign = make_target(schedule, make_instance(make_account()))

    told = trigger(alice, schedule).json()

    assert len(told["runs"]) == 1
    (refused,) = told["refused"]
    assert (refused["target"], refused["code"]) == (foreign.pk, "forbidden")


@pytest.mark.django_db(transaction=True)
def test_the_message_goes_after_the_commit(
    committed_db: None, broker: Broker, schedule: Schedule, alice: User
):
    make_target(schedule, make_instance(schedule.account))

    told = trigger(alice, schedule).json()

    sent = [("schedules.tasks.execute_run", run["id"]) for run in told["runs"]]
    assert broker.waiting() == sent
    assert len(sent) == 2


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_nothing_waits_and_nothing_is_lost(
    committed_db: None,
    monkeypatch: pytest.MonkeyPatch,
    schedule: Schedule,
    alice: User,
):
    with silent_port() as port:
        no_broker(monkeypatch, port)
        answer = trigger(alice, schedule)

    assert answer.status_code == 201
    assert Run.objects.get().next_action_at == NOON  # the next tick finds it


# --- What comes next --------------------------------------------------------------


def test_the_next_slots_are_told_with_their_dates(target: Target, vic: User):
    answer = browser(vic).get(path_of(target.schedule, "next/?count=3"))

    fires = answer.json()["fires"]
    assert [fire["utc"] for fire in fires] == [
        f"2026-11-23T{hour}:00:00Z" for hour in (13, 14, 15)
    ]
    assert fires[0]["window"] == {"start": "2026-11-14", "end": "2026-11-21"}


def test_the_dates_are_those_of_the_targets_zone(target: Target, vic: User):
    Target.objects.update(timezone="Pacific/Auckland")

    fires = browser(vic).get(path_of(target.schedule, "next/")).json()["fires"]

    assert len(fires) == 10
    assert fires[0]["local"] == "2026-11-23T13:00:00"
    assert fires[0]["window"]["end"] == "2026-11-22"  # it is the 24th there


def test_without_targets_the_dates_are_the_schedules(target: Target, vic: User):
    Target.objects.update(deleted_at=NOON)

    answer = browser(vic).get(path_of(target.schedule, "next/?count=1"))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("count=0", "range"),
        ("count=101", "range"),
        ("count=x", "type"),
        ("count=", "empty_parameter"),
    ],
)
def test_how_many_are_told_has_limits(
    query: str, code: str, schedule: Schedule, vic: User
):
    answer = browser(vic).get(path_of(schedule, f"next/?{query}"))

    assert refusal(answer) == (400, code, "count")


def test_a_window_that_has_passed_is_told_and_no_error(schedule: Schedule, vic: User):
    old = {"kind": "fixed", "start": "2024-01-01", "end": "2024-02-01"}
    Schedule.objects.update(window_rule=old)

    (fire,) = browser(vic).get(path_of(schedule, "next/?count=1")).json()["fires"]

    assert fire["window"] is None
    assert "13 months" in fire["problem"]


def test_runs_of_a_schedule_are_told_newest_first(target: Target, vic: User):
    other = make_schedule(target.schedule.workflow).targets.get()
    make_run(other)
    for hours in (3, 1, 2):
        slot = NOON - hours * HOUR
        make_run(target, scheduled_for=slot, created_at=slot, exclusive=False)

    rows = browser(vic).get(path_of(target.schedule, "runs/")).json()["results"]

    assert [row["scheduled_for"][11:13] for row in rows] == ["11", "10", "09"]
