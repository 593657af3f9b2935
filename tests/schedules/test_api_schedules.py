"""Schedules at the API: their shape, lists, and who edits over whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from instances.models import Account, Connection, Instance, User
from schedules.models import Schedule, Target
from tests.browsers import API, browser, codes, refusal
from tests.makers import (
    NOON,
    make_instance,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.schedules.asking import create, path_of
from tests.schedules.clock import stopped_clock
from tests.schedules.histories import HOUR, MINUTE, run_at_amazon, told
from workflows.models import Workflow

BRAND = {"name": "brand", "dataType": "STRING"}
PAUSED = {"is_active": False, "next_run_at": None, "paused_at": NOON}


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


# --- Making and reading -----------------------------------------------------------


def test_a_schedule_is_made_and_told_whole(workflow: Workflow, alice: User):
    answer = create(alice, workflow, timezone="America/New_York")

    told = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert told == {
        "id": Schedule.objects.get().pk,
        "name": "Weekly reach",
        "workflow": workflow.pk,
        "workflow_name": "Weekly reach",
        "account": workflow.account_id,
        "owner": "alice",
        "connection": None,
        "cron_expression": "0 9 * * MON",
        "description": told["description"],
        "timezone": "America/New_York",
        "window_rule": {"kind": "last_days", "days": 7},
        "parameter_values": {},
        "missed_policy": "latest",
        "catch_up_limit": 10,
        "overlap_policy": "skip",
        "dedup_window_minutes": 5,
        "max_failures": 5,
        "max_attempts": 3,
        "time_limit_seconds": 21_600,
        "status": "Next: about 2 hours",
        "is_active": True,
        "next_run_at": "2026-11-23T14:00:00Z",
        "paused_at": None,
        "pause_cause": "",
        "pause_reason": "",
        "target_count": 1,
        "active_target_count": 1,
        "revision": 1,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "warnings": [],
        "next_runs": [
            "2026-11-23T14:00:00Z",
            "2026-11-30T14:00:00Z",
            "2026-12-07T14:00:00Z",
            "2026-12-14T14:00:00Z",
            "2026-12-21T14:00:00Z",
        ],
    }
    assert "Monday" in told["description"]
    assert browser(alice).get(f"{API}schedules/{told['id']}/").json() == told


def test_one_or_many_instances(workflow: Workflow, account: Account, alice: User):
    instances = [make_instance(account).pk for _ in range(3)]

    told = create(alice, workflow, instances=instances).json()

    targets = browser(alice).get(f"{API}targets/?schedule={told['id']}").json()
    assert told["target_count"] == 3
    assert [target["instance"] for target in targets["results"]] == instances[::-1]


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"next_run_at": NOON}, "Due"),
        ({"next_run_at": NOON - HOUR}, "Due"),
        ({"next_run_at": NOON + timedelta(days=7)}, "Next: 7 days"),
        ({"next_run_at": NOON + 20 * MINUTE}, "Next: 20 minutes"),
        (PAUSED, "Paused"),
    ],
)
def test_the_status_follows_the_specification(
    change: dict[str, Any], label: str, workflow: Workflow, vic: User
):
    schedule = make_schedule(workflow, **change)

    assert browser(vic).get(path_of(schedule)).json()["status"] == label


def test_a_rule_that_was_broken_behind_our_back_is_still_told(
    schedule: Schedule, vic: User
):
    Schedule.objects.update(cron_expression="bad", timezone="Nowhere")

    told = browser(vic).get(path_of(schedule)).json()

    assert (told["description"], told["next_runs"]) == ("", ["2026-11-23T12:00:00Z"])
    assert told["warnings"][0]["code"] == "cron_field_count"
    assert browser(vic).get(f"{API}schedules/").status_code == 200


def test_deleted_schedules_and_targets_are_not_seen(
    schedule: Schedule, workflow: Workflow, vic: User
):
    make_target(schedule, make_instance(workflow.account), deleted_at=NOON)
    make_target(
        schedule,
        make_instance(workflow.account),
        paused_at=NOON,
        pause_reason="person",
    )
    gone = make_schedule(workflow, **PAUSED, deleted_at=NOON)

    (told,) = browser(vic).get(f"{API}schedules/").json()["results"]

    assert (told["target_count"], told["active_target_count"]) == (2, 1)
    assert codes(browser(vic).get(path_of(gone))) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "dcba"),
        ("ordering=name", "abcd"),
        ("ordering=-name", "dcba"),
        ("ordering=next_run_at", "badc"),
        ("q=A", "a"),
        ("state=paused", "c"),
        ("state=due", "ba"),
        ("state=next", "d"),
        ("is_active=true", "dba"),
        ("is_active=false", "c"),
        ("owner=alice", "dcba"),
        ("owner=nobody", ""),
        ("next_run_before=2026-11-23T12:00:00Z", "b"),
        ("next_run_before=2026-11-23T14:00:00%2B01:00", "ba"),
        ("workflow=999999", ""),
    ],
)
def test_schedules_are_found(query: str, names: str, workflow: Workflow, vic: User):
    make_schedule(workflow, name="a")
    make_schedule(workflow, name="b", next_run_at=NOON - HOUR)
    make_schedule(workflow, name="c", **PAUSED)
    make_schedule(workflow, name="d", next_run_at=NOON + HOUR)

    rows = browser(vic).get(f"{API}schedules/?{query}").json()["results"]

    assert "".join(row["name"] for row in rows) == names


def test_schedules_are_found_by_instance(
    schedule: Schedule, instance: Instance, vic: User
):
    other = make_instance(instance.account)
    target = make_target(schedule, other)
    client = browser(vic)

    def found() -> int:
        rows = client.get(f"{API}schedules/?instance={other.pk}").json()
        return len(rows["results"])

    assert found() == 1
    target.deleted_at = NOON
    target.save()
    assert found() == 0


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("state=broken", "invalid_choice", "state"),
        ("is_active=1", "type", "is_active"),
        ("workflow=abc", "type", "workflow"),
        ("next_run_before=2026-11-23", "date_time", "next_run_before"),
        ("next_run_before=2026-11-23T12:00:00", "date_time", "next_run_before"),
        ("next_run_before=9999-11-23T12:00:00Z", "date_time", "next_run_before"),
        ("next_run_before=2026-02-30T12:00:00Z", "date_time", "next_run_before"),
        ("next_run_before=2026-11-23T12:00:00%2B99:00", "date_time", "next_run_before"),
        ("next_run_before=2026-11-23T12:00:00+01:00", "date_time", "next_run_before"),
        ("deleted_at=x", "unknown_parameter", "deleted_at"),
        ("workflow__sql=x", "unknown_parameter", "workflow__sql"),
    ],
)
def test_bad_filters_are_refused(query: str, code: str, field: str, vic: User):
    answer = browser(vic).get(f"{API}schedules/?{query}")

    assert refusal(answer) == (400, code, field)


# --- Editing ----------------------------------------------------------------------


def test_an_edit_changes_what_it_names(schedule: Schedule, alice: User):
    answer = browser(alice).patch(path_of(schedule), {"cron_expression": "30 * * * *"})

    edited = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert edited["next_run_at"] == "2026-11-23T12:30:00Z"
    assert edited["name"] == schedule.name
    assert told(schedule.targets.get()) == [(NOON, "PENDING", "")]


def test_a_stale_edit_gets_the_current_schedule(
    schedule: Schedule, alice: User, ada: User
):
    browser(ada).patch(path_of(schedule), {"name": "Ada's"})

    answer = browser(alice).patch(
        path_of(schedule), {"name": "Alice's"}, headers={"if-match": '"1"'}
    )

    assert codes(answer) == (412, "stale_revision")
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["current"]["name"] == "Ada's"
    assert answer.json()["current"] == browser(alice).get(path_of(schedule)).json()


def test_pausing_does_not_make_an_edit_stale(schedule: Schedule, alice: User):
    """Only people's edits raise the revision, not what the scheduler does."""
    tag = browser(alice).get(path_of(schedule)).headers["ETag"]
    paused = browser(alice).post(path_of(schedule, "pause/"), {"reason": "holidays"})

    answer = browser(alice).patch(
        path_of(schedule), {"name": "New"}, headers={"if-match": tag}
    )

    assert (paused.json()["status"], paused.json()["pause_reason"]) == (
        "Paused",
        "holidays",
    )
    assert answer.status_code == 200


def test_the_workflow_and_the_instances_are_chosen_once(
    schedule: Schedule, workflow: Workflow, alice: User
):
    other = make_workflow(workflow.instance, alice)

    moved = browser(alice).patch(path_of(schedule), {"workflow": other.pk})
    spread = browser(alice).patch(
        path_of(schedule), {"instances": [workflow.instance_id]}
    )
    same = browser(alice).patch(path_of(schedule), {"workflow": workflow.pk})

    assert refusal(moved) == (400, "invalid", "workflow")
    assert refusal(spread) == (400, "invalid", "instances")
    assert same.status_code == 200


def test_the_connection_of_a_colleague_may_be_sent_back(
    schedule: Schedule, connection: Connection, ada: User
):
    Schedule.objects.update(connection=connection)
    seen = browser(ada).get(path_of(schedule)).json()["connection"]

    kept = browser(ada).patch(path_of(schedule), {"connection": seen})
    cleared = browser(ada).patch(path_of(schedule), {"connection": None})
    gone = browser(ada).patch(path_of(schedule), {"connection": seen})

    assert kept.json()["connection"] == connection.pk
    assert cleared.json()["connection"] is None
    assert refusal(gone) == (400, "not_found", "connection")


# --- Deleting ---------------------------------------------------------------------


def test_a_run_at_amazon_stands_in_the_way_of_a_deletion(target: Target, ada: User):
    run_at_amazon(target, scheduled_for=NOON - HOUR)
    path = path_of(target.schedule)

    refused = browser(ada).delete(path)
    unclear = browser(ada).delete(f"{path}?cancel=yes")
    unknown = browser(ada).delete(f"{path}?force=true")
    stale = browser(ada).delete(f"{path}?cancel=true", headers={"if-match": '"7"'})
    deleted = browser(ada).delete(f"{path}?cancel=true", headers={"if-match": '"1"'})

    assert codes(refused) == (409, "still_running")
    assert refusal(unclear) == (400, "type", "cancel")
    assert refusal(unknown) == (400, "unknown_parameter", "force")
    assert codes(stale) == (412, "stale_revision")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert codes(browser(ada).get(path)) == (404, "not_found")
    assert codes(browser(ada).delete(path)) == (404, "not_found")


# --- Pausing and resuming ---------------------------------------------------------


def test_pausing_twice_and_resuming_twice(schedule: Schedule, alice: User):
    client = browser(alice)

    answers = [
        client.post(path_of(schedule, action))
        for action in ["resume/", "pause/", "pause/", "resume/", "resume/"]
    ]

    assert [answer.status_code for answer in answers] == [409, 200, 409, 200, 409]
    assert codes(answers[0]) == (409, "not_paused")
    assert codes(answers[2]) == (409, "already_paused")
    assert answers[3].json()["next_run_at"] == "2026-11-23T13:00:00Z"


def test_resuming_without_a_target_is_refused(workflow: Workflow, alice: User):
    schedule = make_schedule(workflow, **PAUSED)
    Target.objects.update(paused_at=NOON, pause_reason="person")

    answer = browser(alice).post(path_of(schedule, "resume/"))

    assert codes(answer) == (409, "no_active_target")


@pytest.mark.parametrize(
    ("reason", "code"),
    [("x" * 1_001, "max_length"), (5, "type"), ("a\x1bb", "control")],
)
def test_a_reason_is_text(reason: Any, code: str, schedule: Schedule, alice: User):
    answer = browser(alice).post(path_of(schedule, "pause/"), {"reason": reason})

    assert refusal(answer) == (400, code, "reason")
    assert Schedule.objects.get().is_active


def test_the_reason_is_in_the_change_log(schedule: Schedule, alice: User):
    browser(alice).post(path_of(schedule, "pause/"), {"reason": "holidays"})
    browser(alice).post(path_of(schedule, "resume/"), {"reason": "back again"})

    changes = schedule.history.order_by("history_id").values_list(
        "history_change_reason", "history_user__username", "origin"
    )
    assert list(changes)[-2:] == [
        ("holidays", "alice", "api"),
        ("back again", "alice", "api"),
    ]
