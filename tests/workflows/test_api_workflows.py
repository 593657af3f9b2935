"""Workflows at the API: their shape, their versions, and who edits over whom."""

from __future__ import annotations

from typing import Any

import pytest

from instances.models import Instance, User
from schedules.models import Schedule
from tests.browsers import API, browser, codes, refusal
from tests.makers import NOON, make_account, make_instance, make_workflow
from tests.schedules.clock import stopped_clock
from workflows.models import Workflow

SQL = "SELECT 1 FROM t WHERE b = CUSTOM_PARAMETER('brand')"
BRAND = {"name": "brand", "dataType": "STRING"}


def body(on: Instance, **changes: Any) -> dict[str, Any]:
    return {"name": "Reach", "instance": on.pk, "sql": "SELECT 1"} | changes


def test_a_workflow_is_made_and_told_whole(instance: Instance, alice: User):
    wish = body(
        instance,
        description="one\ntwo",
        sql=SQL,
        parameters=[BRAND],
        parameter_values={"brand": "Acme"},
    )

    with stopped_clock(NOON):
        answer = browser(alice).post(f"{API}workflows/", wish)

    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert told == wish | {
        "id": Workflow.objects.get().pk,
        "account": instance.account_id,
        "owner": "alice",
        "version": 1,
        "revision": 1,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "warnings": [],
    }
    assert browser(alice).get(f"{API}workflows/{told['id']}/").json() == told


def test_personal_data_in_the_sql_is_a_warning(instance: Instance, alice: User):
    wish = body(instance, sql="SELECT 1 FROM t WHERE m = 'ann@example.com'")

    answer = browser(alice).post(f"{API}workflows/", wish)

    (warning,) = answer.json()["warnings"]
    assert answer.status_code == 201
    assert (warning["code"], warning["position"]) == ("personal_data", 27)


def test_a_save_of_sql_is_a_version(instance: Instance, alice: User, vic: User):
    path = f"{API}workflows/{make_workflow(instance, alice, sql='SELECT 1').pk}/"

    edited = browser(alice).patch(path, {"sql": "SELECT 2"})
    renamed = browser(alice).patch(path, {"name": "New"})
    listed = browser(vic).get(f"{path}versions/").json()

    assert (edited.json()["version"], edited.headers["ETag"]) == (2, '"2"')
    assert (renamed.json()["version"], renamed.json()["revision"]) == (2, 3)
    assert [(v["number"], v["sql"], v["created_by"]) for v in listed] == [
        (2, "SELECT 2", "alice"),
        (1, "SELECT 1", "alice"),
    ]


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"name": ""}, 400, "blank", "name"),
        ({"name": "x" * 256}, 400, "max_length", "name"),
        ({"name": "a\u202eb"}, 400, "control", "name"),
        ({"name": "a\nb"}, 400, "control", "name"),
        ({"name": None}, 400, "null", "name"),
        ({"name": 5}, 400, "type", "name"),
        ({"description": "x" * 10_001}, 400, "max_length", "description"),
        ({"sql": ""}, 400, "sql_syntax", "sql"),
        ({"sql": "SELECT 1; DROP TABLE t"}, 400, "sql_syntax", "sql"),
        ({"sql": None}, 400, "type", "sql"),
        ({"sql": ["SELECT 1"]}, 400, "type", "sql"),
        ({"sql": "x" * 100_001}, 400, "sql_too_long", "sql"),
        ({"parameters": None}, 400, "type", "parameters"),
        ({"parameters": {"a": 1}}, 400, "type", "parameters"),
        ({"parameters": [BRAND] * 51}, 400, "too_many", "parameters"),
        (
            {"parameter_values": {"brand": 1}},
            400,
            "unknown",
            "parameter_values.brand",
        ),
        ({"parameter_values": None}, 400, "null", "parameter_values"),
        ({"parameter_values": []}, 400, "not_a_dict", "parameter_values"),
        ({"instance": "1"}, 400, "type", "instance"),
        ({"instance": True}, 400, "type", "instance"),
        ({"instance": 1.0}, 400, "type", "instance"),
        ({"instance": None}, 400, "null", "instance"),
        ({"instance": 0}, 400, "not_found", "instance"),
        ({"instance": 2**63}, 400, "not_found", "instance"),
        ({"instance": 10**30}, 400, "not_found", "instance"),
        ({"version": 1}, 400, "read_only", "version"),
        ({"revision": 1}, 400, "read_only", "revision"),
        ({"account": 1}, 400, "read_only", "account"),
        ({"owner": "bob"}, 400, "read_only", "owner"),
        ({"deleted_at": None}, 400, "unknown_field", "deleted_at"),
    ],
)
def test_bad_input_stores_nothing(
    change: dict[str, Any],
    status: int,
    code: str,
    field: str,
    instance: Instance,
    alice: User,
):
    made = browser(alice).post(f"{API}workflows/", body(instance, **change))

    assert refusal(made) == (status, code, field)
    assert not Workflow.objects.exists()


def test_bad_edits_change_nothing(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice)
    other = make_instance(instance.account)
    path = f"{API}workflows/{workflow.pk}/"

    moved = browser(alice).patch(path, {"instance": other.pk})
    same = browser(alice).patch(path, {"instance": instance.pk, "name": "New"})
    broken = browser(alice).patch(path, {"name": "Newer", "sql": "SELECT ("})

    assert refusal(moved) == (400, "invalid", "instance")
    assert same.status_code == 200
    assert refusal(broken) == (400, "sql_syntax", "sql")
    assert broken.json()["position"] == 7
    workflow.refresh_from_db()
    assert (workflow.name, workflow.revision) == ("New", 2)


def test_a_foreign_instance_does_not_exist(instance: Instance, alice: User):
    foreign = make_instance(make_account())

    answer = browser(alice).post(f"{API}workflows/", body(foreign))

    assert refusal(answer) == (400, "not_found", "instance")
    said = answer.json()["detail"]
    assert said == f"instance: There is none with the id {foreign.pk}."


# --- Who edits over whom -----------------------------------------------------------


def test_an_edit_of_an_older_revision_gets_the_current_one(
    instance: Instance, alice: User, ada: User
):
    workflow = make_workflow(instance, alice)
    path = f"{API}workflows/{workflow.pk}/"
    browser(ada).patch(path, {"name": "Ada's"}, headers={"if-match": '"1"'})

    answer = browser(alice).patch(
        path, {"name": "Alice's"}, headers={"if-match": '"1"'}
    )

    assert codes(answer) == (412, "stale_revision")
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["current"] == browser(alice).get(path).json()
    workflow.refresh_from_db()
    assert workflow.name == "Ada's"


def test_a_deletion_of_an_older_revision_too(
    instance: Instance, alice: User, ada: User
):
    workflow = make_workflow(instance, alice, revision=2)
    path = f"{API}workflows/{workflow.pk}/"

    stale = browser(ada).delete(path, headers={"if-match": '"1"'})
    right = browser(ada).delete(path, headers={"if-match": '"2"'})

    assert codes(stale) == (412, "stale_revision")
    assert stale.json()["current"]["revision"] == 2
    assert right.status_code == 204
    assert codes(browser(ada).get(path)) == (404, "not_found")


@pytest.mark.parametrize("tag", ['"1"', "1", 'W/"1"', "*", ' "1" '])
def test_the_revision_may_be_written_so(tag: str, instance: Instance, alice: User):
    path = f"{API}workflows/{make_workflow(instance, alice).pk}/"

    answer = browser(alice).patch(path, {"name": "New"}, headers={"if-match": tag})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "tag", ["", '"x"', '"1", "2"', "-1", '"' + "9" * 10 + '"', "١"]
)
def test_what_is_no_revision_is_refused(tag: str, instance: Instance, alice: User):
    workflow = make_workflow(instance, alice)

    answer = browser(alice).patch(
        f"{API}workflows/{workflow.pk}/", {"name": "New"}, HTTP_IF_MATCH=tag
    )

    assert codes(answer) == (400, "invalid_header")
    workflow.refresh_from_db()
    assert workflow.revision == 1


def test_what_schedules_run_is_not_deleted(schedule: Schedule, ada: User):
    answer = browser(ada).delete(f"{API}workflows/{schedule.workflow_id}/")

    assert codes(answer) == (409, "workflow_in_use")


# --- Lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Beta", "Alpha"]),
        ("ordering=name", ["Alpha", "Beta"]),
        ("ordering=-name", ["Beta", "Alpha"]),
        ("ordering=-updated_at", ["Alpha", "Beta"]),
        ("q=ALP", ["Alpha"]),
        ("owner=alice", ["Beta", "Alpha"]),
        ("owner=bob", []),
        ("instance=999999", []),
    ],
)
def test_workflows_are_listed(
    query: str, found: list[str], instance: Instance, alice: User
):
    make_workflow(instance, alice, name="Alpha", updated_at=NOON.replace(hour=13))
    make_workflow(instance, alice, name="Beta")
    make_workflow(instance, alice, name="Gone", deleted_at=NOON)
    foreign = make_instance(make_account())
    make_workflow(foreign, alice, name="Foreign")

    rows = browser(alice).get(f"{API}workflows/?{query}").json()["results"]

    assert [row["name"] for row in rows] == found
    assert all("warnings" not in row for row in rows)
