"""Bad input for schedules: 400 that names the field, nothing stored, nothing sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from instances.models import Instance, Role, User
from schedules.models import Run, Schedule, Target
from tests.browsers import browser, codes, refusal
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_member,
    make_schedule,
    make_workflow,
)
from tests.schedules.asking import create, path_of
from tests.schedules.clock import stopped_clock
from workflows.models import Workflow

BRAND = {"name": "brand", "dataType": "STRING"}
PAUSED = {"is_active": False, "next_run_at": None, "paused_at": NOON}


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


# --- Bad input --------------------------------------------------------------------

CRON = [
    ("* * * *", "cron_field_count"),
    ("* * * * * *", "cron_field_count"),
    ("0 0 1 1 * 2027 x", "cron_field_count"),
    ("", "cron_field_count"),
    ("60 * * * *", "cron_range"),
    ("*/0 * * * *", "cron_step"),
    ("*/1000000 * * * *", "cron_step"),
    ("0-99999999 * * * *", "cron_range"),
    ("5-1 * * * *", "cron_range_order"),
    ("R * * * *", "cron_unsupported"),
    ("H H * * *", "cron_unsupported"),
    ("0 0 L * *", "cron_unsupported"),
    ("0 0 1W * *", "cron_unsupported"),
    ("0 0 * * MON#6", "cron_unsupported"),
    ("0 0 ? * *", "cron_unsupported"),
    ("@reboot", "cron_unsupported"),
    ("@daily", "cron_unsupported"),
    ("0 0 31 2 *", "cron_never_fires"),
    ("0 0 * * 8", "cron_range"),
    ("٣ * * * *", "cron_charset"),
    ("０ * * * *", "cron_charset"),
    ("0 9 * * *; rm -rf /", "cron_charset"),
    ("0 9 * * $(id)", "cron_charset"),
    ("0 9\x07 * * *", "cron_charset"),
    ("0," * 5_000 + "0 * * * *", "cron_too_long"),
    (5, "type"),
    (True, "type"),
    (None, "type"),
    (["0 9 * * *"], "type"),
    ({"cron": "0 9 * * *"}, "type"),
]


@pytest.mark.parametrize(("expression", "code"), CRON, ids=lambda v: str(v)[:25])
def test_bad_expressions_store_nothing(
    expression: Any, code: str, workflow: Workflow, alice: User
):
    made = create(alice, workflow, cron_expression=expression)
    schedule = make_schedule(workflow)
    edited = browser(alice).patch(path_of(schedule), {"cron_expression": expression})

    for answer in (made, edited):
        status, said, field = refusal(answer)
        assert (status, said, field) == (400, code, "cron_expression")
    assert Schedule.objects.get().revision == 1


def test_nicknames_are_refused_with_the_five_fields(workflow: Workflow, alice: User):
    said = create(alice, workflow, cron_expression="@daily").json()["detail"]

    assert "0 0 * * *" in said or "five fields" in said


@pytest.mark.parametrize(
    ("expression", "stored"),
    [
        ("0 9 * * mon-fri\n", "0 9 * * MON-FRI"),
        ("  0\t9  * * 1", "0 9 * * 1"),
        ("0 0 * * 7", "0 0 * * 7"),
    ],
)
def test_expressions_have_one_form(
    expression: str, stored: str, workflow: Workflow, alice: User
):
    told = create(alice, workflow, cron_expression=expression).json()

    assert told["cron_expression"] == stored


@pytest.mark.parametrize(
    ("expression", "zone", "warning", "said"),
    [
        ("0 0 29 2 *", "UTC", "few_fires", "2028"),
        ("0 0 1 * 1", "UTC", "day_or_weekday", "either"),
        ("* * * * *", "UTC", "frequent", "1 minute"),
        ("30 2 * * *", "America/New_York", "dst_gap", "Mar 2027"),
    ],
)
def test_what_may_surprise_is_taken_with_a_warning(
    expression: str,
    zone: str,
    warning: str,
    said: str,
    workflow: Workflow,
    alice: User,
):
    answer = create(alice, workflow, cron_expression=expression, timezone=zone)

    warnings = {each["code"]: each["message"] for each in answer.json()["warnings"]}
    assert answer.status_code == 201
    assert said in warnings[warning]
    assert len(answer.json()["next_runs"]) == 5


ZONES = [
    ("Mars/Phobos", "unknown_timezone"),
    ("EST5EDT5", "unknown_timezone"),
    ("../../etc/passwd", "unknown_timezone"),
    ("localtime", "unknown_timezone"),
    ("Factory", "unknown_timezone"),
    ("", "unknown_timezone"),
    ("utc", "unknown_timezone"),
    ("europe/berlin", "unknown_timezone"),
    ("x" * 10_000, "unknown_timezone"),
    (None, "type"),
    (5, "type"),
    (["UTC"], "type"),
]


@pytest.mark.parametrize(("zone", "code"), ZONES, ids=lambda v: str(v)[:25])
def test_bad_zones_store_nothing(zone: Any, code: str, workflow: Workflow, alice: User):
    answer = create(alice, workflow, timezone=zone)

    assert refusal(answer) == (400, code, "timezone")
    assert not Schedule.objects.exists()


def test_the_nearest_zone_is_named(workflow: Workflow, alice: User):
    said = create(alice, workflow, timezone="europe/berlin").json()["detail"]

    assert said.endswith("Did you mean Europe/Berlin?")


FIELDS = [
    ({"name": ...}, "required", "name"),
    ({"name": ""}, "blank", "name"),
    ({"name": "   "}, "blank", "name"),
    ({"name": "x" * 256}, "max_length", "name"),
    ({"name": "a\u202eb"}, "control", "name"),
    ({"name": "a\nb"}, "control", "name"),
    ({"name": 5}, "type", "name"),
    ({"workflow": ...}, "required", "workflow"),
    ({"workflow": 0}, "not_found", "workflow"),
    ({"workflow": 2**63}, "not_found", "workflow"),
    ({"workflow": "1"}, "type", "workflow"),
    ({"workflow": True}, "type", "workflow"),
    ({"workflow": None}, "null", "workflow"),
    ({"instances": []}, "empty", "instances"),
    ({"instances": 5}, "not_a_list", "instances"),
    ({"instances": {}}, "not_a_list", "instances"),
    ({"instances": ["1"]}, "type", "instances.0"),
    ({"instances": [True]}, "type", "instances.0"),
    ({"instances": [10**12]}, "not_found", "instances"),
    ({"instances": [2**63]}, "range", "instances.0"),
    ({"instances": list(range(1, 1_002))}, "max_length", "instances"),
    ({"connection": 10**12}, "not_found", "connection"),
    ({"connection": "x"}, "type", "connection"),
    ({"window_rule": ...}, "required", "window_rule"),
    ({"window_rule": None}, "type", "window_rule"),
    ({"window_rule": "last week"}, "type", "window_rule"),
    ({"window_rule": {"kind": "never"}}, "kind", "window_rule.kind"),
    ({"window_rule": {"kind": "last_days"}}, "type", "window_rule.days"),
    ({"window_rule": {"kind": "last_days", "days": 401}}, "range", "window_rule.days"),
    (
        {"window_rule": {"kind": "last_days", "days": True}},
        "type",
        "window_rule.days",
    ),
    (
        {"window_rule": {"kind": "previous_week", "x": 1}},
        "unknown_field",
        "window_rule.x",
    ),
    (
        {"window_rule": {"kind": "fixed", "start": "2026-11-20", "end": "2026-11-20"}},
        "window_empty",
        "window_rule.end",
    ),
    (
        {"window_rule": {"kind": "fixed", "start": "2026-02-30", "end": "2026-03-02"}},
        "type",
        "window_rule.start",
    ),
    (
        {"window_rule": {"kind": "fixed", "start": "2025-01-01", "end": "2025-02-01"}},
        "window_too_old",
        "window_rule",
    ),
    ({"parameter_values": []}, "not_a_dict", "parameter_values"),
    ({"parameter_values": {"x": 1}}, "unknown", "parameter_values.x"),
    ({"missed_policy": "some"}, "invalid_choice", "missed_policy"),
    ({"missed_policy": None}, "null", "missed_policy"),
    ({"overlap_policy": 5}, "invalid_choice", "overlap_policy"),
    ({"catch_up_limit": 0}, "range", "catch_up_limit"),
    ({"catch_up_limit": "10"}, "type", "catch_up_limit"),
    ({"catch_up_limit": 1.5}, "type", "catch_up_limit"),
    ({"catch_up_limit": True}, "type", "catch_up_limit"),
    ({"catch_up_limit": None}, "null", "catch_up_limit"),
    ({"dedup_window_minutes": -1}, "range", "dedup_window_minutes"),
    ({"max_failures": 10**30}, "range", "max_failures"),
    ({"max_attempts": 11}, "range", "max_attempts"),
    ({"time_limit_seconds": 899}, "range", "time_limit_seconds"),
    ({"is_active": False}, "read_only", "is_active"),
    ({"next_run_at": "2026-11-23T12:00:00Z"}, "read_only", "next_run_at"),
    ({"revision": 5}, "read_only", "revision"),
    ({"account": 5}, "read_only", "account"),
    ({"owner": "bob"}, "read_only", "owner"),
    ({"status": "Due"}, "read_only", "status"),
    ({"tenant_id": 7}, "unknown_field", "tenant_id"),
    ({"deleted_at": None}, "unknown_field", "deleted_at"),
    ({"owner_id": 1}, "unknown_field", "owner_id"),
]


@pytest.mark.parametrize(("change", "code", "field"), FIELDS, ids=lambda v: str(v)[:40])
def test_bad_fields_store_nothing(
    change: dict[str, Any], code: str, field: str, workflow: Workflow, alice: User
):
    answer = create(alice, workflow, **change)

    assert refusal(answer) == (400, code, field)
    assert not Schedule.objects.exists()
    assert not Target.objects.exists()


def test_several_bad_fields_are_all_named(workflow: Workflow, alice: User):
    answer = create(alice, workflow, name="", catch_up_limit=0, tenant=1)
    others = create(alice, workflow, name="", catch_up_limit=0)

    assert set(answer.json()["errors"]) == {"tenant"}  # before anything is read
    assert codes(others) == (400, "invalid")
    assert set(others.json()["errors"]) == {"name", "catch_up_limit"}


def test_what_is_of_others_does_not_exist(workflow: Workflow, alice: User, bob: User):
    foreign = make_instance(make_account())
    foreign_workflow = make_workflow(foreign, bob)

    for wish, field in [
        ({"workflow": foreign_workflow.pk}, "workflow"),
        ({"instances": [workflow.instance_id, foreign.pk]}, "instances"),
        ({"connection": make_connection(bob).pk}, "connection"),
    ]:
        answer = create(alice, workflow, **wish)
        assert refusal(answer) == (400, "not_found", field)
    assert not Schedule.objects.exists()


def test_reading_an_account_is_not_enough_to_target_it(workflow: Workflow, alice: User):
    other = make_instance(make_account())
    make_member(alice, other.account, Role.VIEWER)

    answer = create(alice, workflow, instances=[workflow.instance_id, other.pk])

    assert codes(answer) == (403, "forbidden")
    assert not Schedule.objects.exists()


def test_an_instance_is_named_once(workflow: Workflow, instance: Instance, alice: User):
    answer = create(alice, workflow, instances=[instance.pk, instance.pk])

    assert refusal(answer) == (400, "duplicate", "instances")


def test_required_values_are_asked_for(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])

    answer = create(alice, workflow)

    assert refusal(answer) == (400, "missing", "parameter_values.brand")


CHOSEN_ONCE = {"workflow", "instances"}


def is_given(change: dict[str, Any]) -> bool:
    return ... not in change.values()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [case for case in FIELDS if case[0].keys() - CHOSEN_ONCE and is_given(case[0])],
    ids=lambda v: str(v)[:40],
)
def test_a_bad_edit_changes_nothing(
    change: dict[str, Any], code: str, field: str, schedule: Schedule, alice: User
):
    before = Schedule.objects.values().get()

    answer = browser(alice).patch(path_of(schedule), change)

    assert refusal(answer) == (400, code, field)
    assert Schedule.objects.values().get() == before
    assert not Run.objects.exists()
