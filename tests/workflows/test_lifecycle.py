"""What people do to workflows: each save of SQL is a version, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from instances.changelog import changing
from instances.errors import DomainError, NotPermitted, StaleRevision
from instances.models import Change, Instance, User
from schedules.models import Schedule
from tests.makers import NOON, make_member, make_run, make_user
from workflows.errors import WorkflowInUse
from workflows.lifecycle import (
    WorkflowFields,
    create_workflow,
    delete_workflow,
    edit_workflow,
    fields_of,
    newest_version,
)
from workflows.models import Workflow, WorkflowVersion

LATER = NOON + timedelta(hours=1)
BRAND = {"name": "brand", "dataType": "STRING"}
DAYS = {"name": "days", "dataType": "INTEGER", "defaultValue": 7}
FIELDS = WorkflowFields(
    name="Reach",
    sql="SELECT 1 FROM t WHERE b = CUSTOM_PARAMETER('brand')",
    parameters=[BRAND],
    parameter_values={"brand": "Acme"},
)


def versions(workflow: Workflow) -> list[tuple[int, str]]:
    rows = WorkflowVersion.objects.filter(workflow=workflow).order_by("number")
    return list(rows.values_list("number", "sql"))


def make(instance: Instance, user: User, **changes: Any) -> Workflow:
    return create_workflow(
        replace(FIELDS, **changes), instance=instance, user=user, now=NOON
    )


def edit(
    workflow: Workflow, user: User, *, revision: int | None = None, **changes: Any
):
    return edit_workflow(
        workflow.pk,
        changes,
        user=user,
        revision=revision,
        now=LATER,
    )


def test_a_workflow_begins_with_version_one(instance: Instance, alice: User):
    with changing(alice, Change.Origin.API, now=NOON):
        workflow = make(instance, alice)

    assert versions(workflow) == [(1, FIELDS.sql)]
    assert newest_version(workflow).created_by == alice
    assert (workflow.account, workflow.owner) == (instance.account, alice)
    assert fields_of(Workflow.objects.get()) == FIELDS
    (change,) = workflow.history.all()
    assert (change.history_user, change.origin, change.history_type) == (
        alice,
        "api",
        "+",
    )


def test_a_change_of_sql_is_a_new_version(instance: Instance, alice: User):
    workflow = make(instance, alice)
    sql = FIELDS.sql.replace("1", "2")

    edited = edit(workflow, alice, sql=sql)

    assert versions(workflow) == [(1, FIELDS.sql), (2, sql)]
    assert newest_version(edited).number == 2
    assert (edited.revision, edited.updated_at) == (2, LATER)


def test_a_change_of_declarations_is_a_new_version(instance: Instance, alice: User):
    workflow = make(instance, alice)

    edit(workflow, alice, parameters=[BRAND, DAYS])

    assert [number for number, _ in versions(workflow)] == [1, 2]


@pytest.mark.parametrize(
    "change", [{"name": "New"}, {"description": "Why"}, {"parameter_values": {}}]
)
def test_other_changes_are_none(
    change: dict[str, Any], instance: Instance, alice: User
):
    workflow = make(instance, alice)

    edited = edit(workflow, alice, **change)

    assert len(versions(workflow)) == 1
    assert edited.revision == 2


def test_a_run_keeps_the_version_it_was_born_with(schedule: Schedule, alice: User):
    run = make_run(schedule.targets.get())

    edit(schedule.workflow, alice, sql="SELECT 2 FROM t")

    run.refresh_from_db()
    assert run.workflow_version.number == 1


def test_a_stale_edit_changes_nothing(instance: Instance, alice: User):
    workflow = make(instance, alice)
    edit(workflow, alice, name="First")

    with pytest.raises(StaleRevision) as caught:
        edit(workflow, alice, revision=1, name="Second")

    assert caught.value.current == 2
    assert Workflow.objects.get().name == "First"


@pytest.mark.parametrize("role", ["viewer", None])
def test_editing_needs_the_role_editor(
    role: str | None, instance: Instance, alice: User
):
    workflow, user = make(instance, alice), make_user()
    if role:
        make_member(user, instance.account, role)

    for deed in (
        lambda: make(instance, user),
        lambda: edit(workflow, user, name="New"),
        lambda: delete_workflow(workflow.pk, user=user, revision=None, now=NOON),
    ):
        with pytest.raises(NotPermitted):
            deed()
    assert Workflow.objects.get().name == "Reach"


def test_deleting_needs_the_role_admin_and_keeps_the_versions(
    instance: Instance, alice: User, ada: User
):
    workflow = make(instance, alice)

    with pytest.raises(NotPermitted):
        delete_workflow(workflow.pk, user=alice, revision=None, now=NOON)
    delete_workflow(workflow.pk, user=ada, revision=1, now=NOON)

    workflow.refresh_from_db()
    assert workflow.deleted_at == NOON
    assert versions(workflow) == [(1, FIELDS.sql)]
    with pytest.raises(Workflow.DoesNotExist):
        edit(workflow, alice, name="New")


def test_what_schedules_run_is_not_deleted(schedule: Schedule, ada: User):
    with pytest.raises(WorkflowInUse):
        delete_workflow(schedule.workflow_id, user=ada, revision=None, now=NOON)

    Schedule.objects.update(is_active=False, paused_at=NOON, deleted_at=NOON)
    delete_workflow(schedule.workflow_id, user=ada, revision=None, now=NOON)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": "  "}, "invalid", "name"),
        ({"sql": ""}, "sql_syntax", "sql"),
        ({"sql": "-- nothing"}, "sql_syntax", "sql"),
        ({"sql": "SELECT 1; DROP TABLE t"}, "sql_syntax", "sql"),
        ({"sql": "SELECT 'open"}, "sql_syntax", "sql"),
        ({"sql": "SELECT 'a\nb'"}, "newline_in_literal", "sql"),
        ({"sql": "SELECT ’x’"}, "sql_charset", "sql"),
        ({"sql": "x" * 100_001}, "sql_too_long", "sql"),
        ({"sql": None}, "type", "sql"),
        ({"parameters": "brand"}, "type", "parameters"),
        ({"parameters": ["brand"]}, "type", "parameters"),
        ({"parameters": [{"name": "1x", "dataType": "STRING"}]}, "name", "parameters"),
        ({"parameters": [BRAND, BRAND]}, "duplicate", "parameters.brand"),
        (
            {"parameters": [{"name": "brand", "dataType": "TEXT"}]},
            "type",
            "parameters.brand",
        ),
        ({"parameters": []}, "undeclared", "parameters.brand"),
        ({"parameter_values": {"rand": 1}}, "unknown", "parameter_values.rand"),
        ({"parameter_values": {"brand": 5}}, "type", "parameter_values.brand"),
        (
            {"parameter_values": {"brand": {"expr": "now"}}},
            "expression",
            "parameter_values.brand",
        ),
        (
            {"parameter_values": {"rand": {"expr": "window.end"}}},
            "unknown",
            "parameter_values.rand",
        ),
    ],
)
def test_what_could_never_run_is_not_stored(
    change: dict[str, Any], code: str, field: str, instance: Instance, alice: User
):
    with pytest.raises(DomainError) as caught:
        make(instance, alice, **change)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.message
    assert not Workflow.objects.exists()
    assert not WorkflowVersion.objects.exists()


def test_values_need_not_be_complete_here(instance: Instance, alice: User):
    workflow = make(instance, alice, parameter_values={})

    assert workflow.parameter_values == {}


def test_a_value_may_follow_the_run(instance: Instance, alice: User):
    follows = {"brand": {"expr": "window.end - 1 day"}}

    assert make(instance, alice, parameter_values=follows).parameter_values == follows
