"""`manage.py validate_schedules`, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from instances.models import Account, Connection, Instance, Membership
from schedules.dispatch import dispatch_due
from schedules.models import Run, Schedule, Target
from schedules.validation import check_schedules
from tests.amc.server import Amc
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_member,
    make_schedule,
    make_target,
    make_user,
    make_workflow,
)
from tests.schedules.clock import stopped_clock
from tests.schedules.commands import Ended, run
from workflows.models import Workflow

pytestmark = pytest.mark.usefixtures("_at_noon")
HOUR = timedelta(hours=1)


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


@pytest.fixture
def schedule(workflow: Workflow) -> Schedule:
    """Daily at nine, with nothing to say about it."""
    return make_schedule(
        workflow, cron_expression="0 9 * * *", next_run_at=NOON + 21 * HOUR
    )


def validate(*argv: object) -> Ended:
    return run("validate_schedules", *argv)


def codes(ended: Ended) -> list[str]:
    return [item["code"] for item in ended.items]


def test_a_good_schedule_has_no_findings(schedule: Schedule):
    ended = validate()

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "1 schedule, 1 target: 0 errors, 0 warnings.\n"


# --- What is found ----------------------------------------------------------------


def _no_account(schedule: Schedule) -> None:
    Instance.objects.update(account=None)


def _no_targets(schedule: Schedule) -> None:
    Target.objects.update(deleted_at=NOON)


def _paused_targets(schedule: Schedule) -> None:
    Target.objects.update(paused_at=NOON, pause_reason="person")


def _undeclared(schedule: Schedule) -> None:
    workflow = make_workflow(
        schedule.workflow.instance, schedule.owner, sql="SELECT {{brand}} FROM t"
    )
    Schedule.objects.update(workflow=workflow)


def _without_value(schedule: Schedule) -> None:
    declared = [{"name": "cap", "dataType": "INTEGER"}]
    workflow = make_workflow(
        schedule.workflow.instance, schedule.owner, parameters=declared
    )
    Schedule.objects.update(workflow=workflow)


def _setting(**columns: Any) -> Callable[[Schedule], Any]:
    return lambda schedule: Schedule.objects.update(**columns)


BROKEN: dict[str, Callable[[Schedule], Any]] = {
    "cron_field_count": _setting(cron_expression=""),
    "cron_unsupported": _setting(cron_expression="R R * * *"),
    "cron_never_fires": _setting(cron_expression="0 0 31 2 *"),
    "unknown_timezone": _setting(timezone="X"),
    "next_run_wrong": _setting(next_run_at=NOON + 22 * HOUR),
    "stalled": _setting(next_run_at=NOON - HOUR),
    "workflow_deleted": lambda _: Workflow.objects.update(deleted_at=NOON),
    "workflow_empty": lambda _: Workflow.objects.update(version=None),
    "no_target": _no_targets,
    "no_active_target": _paused_targets,
    "account_missing": _no_account,
    "not_authorised": lambda _: Membership.objects.update(role="viewer"),
    "connection_missing": lambda _: Connection.objects.update(deleted_at=NOON),
    "connection_held": lambda _: Connection.objects.update(
        held_at=NOON, hold_reason="Amazon said no."
    ),
    "undeclared": _undeclared,
    "param_missing": _without_value,
    "param_invalid": _setting(parameter_values={"unknown": 1}),
    "window_invalid": _setting(window_rule={"kind": "last_days", "days": 999}),
    "unreadable": _setting(parameter_values=[1]),
}


@pytest.mark.parametrize("code", BROKEN)
def test_what_cannot_work_is_an_error(schedule: Schedule, code: str):
    BROKEN[code](schedule)

    ended = validate("--json")

    assert ended.code == 1
    assert code in codes(ended)
    assert {item["severity"] for item in ended.items if item["code"] == code} == {
        "error"
    }


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        ("frequent", {"cron_expression": "* * * * *", "next_run_at": NOON + HOUR / 60}),
        (
            "window_repeats",
            {"cron_expression": "0 * * * *", "next_run_at": NOON + HOUR},
        ),
        (
            "window_not_ready",
            {"window_rule": {"kind": "last_days", "days": 7, "lag_days": 1}},
        ),
        ("skips_months", {"cron_expression": "0 9 31 * *"}),
    ],
)
def test_what_may_surprise_is_a_warning(
    schedule: Schedule, code: str, columns: dict[str, Any]
):
    Schedule.objects.update(**columns)

    ended = validate("--json", "--fix", "next_run")

    assert ended.code == 0
    assert code in codes(ended)
    assert validate("--fail-on", "warning").code == 1


def test_a_target_s_finding_names_its_instance(target: Target, account: Account):
    target.instance.timezone = "Mars/Base"
    target.instance.save()

    ended = validate("--json")

    found = next(item for item in ended.items if item["code"] == "window_invalid")
    assert found["instance_id"] == target.instance.instance_id
    assert "Mars/Base" in found["detail"]


def test_the_table_says_what_to_do(schedule: Schedule):
    Connection.objects.update(held_at=NOON, hold_reason="revoked")

    ended = validate()

    assert ended.out.splitlines()[0].split() == [
        "SEVERITY",
        "ID",
        "SCHEDULE",
        "TARGET",
        "CODE",
        "WHAT",
        "DO",
    ]
    assert "Its owner must connect again." in ended.out
    assert ended.err == "1 schedule, 1 target: 1 error, 0 warnings.\n"


def test_json_says_what_was_checked(schedule: Schedule):
    document = validate("--json").document

    assert document["schema"] == "amc.schedules.validation/1"
    assert (document["checked_schedules"], document["checked_targets"]) == (1, 1)


# --- Which are checked ------------------------------------------------------------


def test_paused_ones_are_checked_when_asked(schedule: Schedule):
    Schedule.objects.update(
        is_active=False, next_run_at=None, paused_at=NOON, cron_expression=""
    )

    assert validate().code == 0
    assert validate("--include-paused").code == 1


def test_what_stopped_because_it_cannot_be_read_is_always_checked(
    schedule: Schedule, workflow: Workflow
):
    Schedule.objects.update(cron_expression="0 0 31 2 *", next_run_at=NOON)
    good = make_schedule(workflow)

    dispatch_due(NOON)

    assert Run.objects.get().schedule == good
    ended = validate("--json")
    assert ended.code == 1
    assert ("cron_never_fires", schedule.pk) in [
        (item["code"], item["schedule"]) for item in ended.items
    ]


def test_those_named_are_checked(schedule: Schedule, workflow: Workflow):
    other = make_schedule(workflow, cron_expression="")

    assert validate(schedule.pk).code == 0
    assert validate(schedule.pk, other.pk).code == 1
    assert validate(schedule.name).code == 0
    assert validate("999999").code == 3


# --- Mending ----------------------------------------------------------------------


def test_a_wrong_next_run_is_mended_only_when_asked(schedule: Schedule):
    right = schedule.next_run_at
    Schedule.objects.update(next_run_at=NOON + 400 * HOUR)

    assert validate().code == 1
    mended = validate("--fix", "next_run")

    schedule.refresh_from_db()
    assert schedule.next_run_at == right
    assert mended.code == 0
    assert f"Mended the next run of schedule {schedule.pk}." in mended.err


def test_an_active_schedule_without_a_next_run_is_mended(schedule: Schedule):
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE workflow_schedules"
            " DROP CONSTRAINT active_schedule_has_next_run"
        )
    Schedule.objects.update(next_run_at=None)

    assert "next_run_wrong" in codes(validate("--json"))
    assert validate("--fix", "next_run").code == 0


def test_what_is_due_is_left_to_the_tick(schedule: Schedule):
    Schedule.objects.update(next_run_at=NOON - HOUR)

    validate("--fix", "next_run")

    schedule.refresh_from_db()
    assert schedule.next_run_at == NOON - HOUR


def test_nothing_else_can_be_mended(db: None):
    assert validate("--fix", "everything").code == 2


# --- Many -------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(
    workflow: Workflow, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(20):
        make_schedule(workflow)

    with django_assert_max_num_queries(8):
        checked = check_schedules(Schedule.objects.all(), now=NOON)

    assert (checked.schedules, checked.targets) == (20, 20)


# --- Asking Amazon ----------------------------------------------------------------


@pytest.fixture
def at_amazon(amc: Amc, settings: Settings) -> Schedule:
    """A schedule on the sandbox's first instance."""
    settings.AMAZON_URL = settings.AMAZON_BROWSER_URL = amc.base_url
    amc.clock(now=NOON.isoformat(), rate=0)
    account = make_account(account_id="ENTITY1SANDBOX")
    owner = make_user()
    make_member(owner, account)
    make_connection(owner, account)
    instance = make_instance(account, instance_id="amcsandbox01")
    return make_schedule(
        make_workflow(instance, owner),
        cron_expression="0 9 * * *",
        next_run_at=NOON + 21 * HOUR,
    )


def test_amazon_accepts_good_sql(at_amazon: Schedule, amc: Amc):
    ended = validate("--online")

    assert (ended.code, ended.out) == (0, "")
    (made,) = amc.executions()
    assert made["mark"] == "rehearsal"  # nobody searches for that


def test_amazon_objects_to_bad_sql(at_amazon: Schedule):
    bad = make_workflow(
        at_amazon.workflow.instance, at_amazon.owner, sql="SELECT nothing FROM nowhere"
    )
    Schedule.objects.update(workflow=bad)

    ended = validate("--online", "--json")

    assert ended.code == 1
    assert codes(ended) == ["sql_invalid"]
    assert "nowhere" in ended.items[0]["detail"]


def test_an_instance_of_somebody_else_is_access_denied(at_amazon: Schedule):
    elsewhere = make_instance(
        at_amazon.account, instance_id="amc2sandbox01", name="Foreign"
    )
    make_target(at_amazon, elsewhere)

    ended = validate("--online", "--json")

    assert ended.code == 1
    assert [(i["code"], i["instance_id"]) for i in ended.items] in (
        [("access_denied", "amc2sandbox01")],
        [("sql_invalid", "amc2sandbox01")],
    )


def test_a_revoked_connection_is_found(at_amazon: Schedule, amc: Amc):
    amc.revoke("Atzr|sandbox")

    assert codes(validate("--online", "--json")) == ["connection_held"]


def test_what_is_known_to_be_wrong_is_not_asked(at_amazon: Schedule, amc: Amc):
    Schedule.objects.update(cron_expression="")

    assert validate("--online").code == 1
    assert amc.executions() == []


def test_when_amazon_is_away_the_exit_code_is_6(
    at_amazon: Schedule, settings: Settings
):
    settings.AMAZON_URL = "http://127.0.0.1:9"

    ended = validate("--online")

    assert ended.code == 6
    assert "Amazon cannot be asked" in ended.err
