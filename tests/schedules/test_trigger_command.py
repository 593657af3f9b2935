"""`manage.py trigger_schedule`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from instances.models import User
from schedules.models import Run, Schedule, Target
from schedules.states import Trigger
from tests.makers import (
    NOON,
    make_account,
    make_execution,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.schedules.clock import stopped_clock
from tests.schedules.commands import Ended, run

pytestmark = pytest.mark.usefixtures("_at_noon", "broker")
SLOT = "2026-11-23T11:00"


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


@pytest.fixture
def second(target: Target) -> Target:
    """Another target of the schedule, on the instance Acme DE."""
    instance = make_instance(
        target.instance.account, instance_id="acmede", name="Acme DE"
    )
    return make_target(target.schedule, instance)


def trigger(*argv: object) -> Ended:
    return run("trigger_schedule", *argv)


def end(run_id: int, state: str = "SUCCEEDED", reason: str = "") -> None:
    """Let a run end with an execution that did."""
    row = Run.objects.get(pk=run_id)
    execution = make_execution(row)
    type(execution).objects.filter(pk=execution.pk).update(
        state="COLLECTING", amc_execution_id="e-1", sending_at=NOON
    )
    type(execution).objects.filter(pk=execution.pk).update(
        state=state,
        ended_at=NOON,
        uses_attempt=True,
        next_poll_at=None,
    )
    Run.objects.filter(pk=run_id).update(state=state, reason=reason, finished_at=NOON)


# --- Starting ---------------------------------------------------------------------


def test_it_starts_a_run_and_says_which(schedule: Schedule):
    ended = trigger(schedule.pk)

    made = Run.objects.get()
    assert (made.trigger, made.state, made.scheduled_for) == ("manual", "PENDING", NOON)
    assert ended.code == 0
    assert ended.out.splitlines()[1].startswith(str(made.pk))
    assert "2026-11-14 – 2026-11-20 (UTC)" in ended.out
    assert "Acting as alice, the schedule's owner." in ended.err
    assert "Started 1 run." in ended.err


def test_the_calendar_stays(schedule: Schedule):
    trigger(schedule.pk)

    before = schedule.next_run_at
    schedule.refresh_from_db()
    assert schedule.next_run_at == before


def test_json_has_the_names_of_the_api(schedule: Schedule, target: Target):
    ended = trigger(schedule.pk, "--json")

    assert ended.document["schema"] == "amc.runs.triggered/1"
    assert ended.document["refused"] == []
    (item,) = ended.items
    assert item["id"] == Run.objects.get().pk
    assert item["target"] == target.pk
    assert item["window_start"] == "2026-11-14"
    assert item["scheduled_for"] == "2026-11-23T12:00:00Z"


def test_a_schedule_is_found_by_its_name(schedule: Schedule):
    assert trigger(schedule.name).code == 0


def test_a_name_that_two_have_is_ambiguous(schedule: Schedule):
    make_schedule(schedule.workflow, name=schedule.name)

    ended = trigger(schedule.name)

    assert ended.code == 2
    assert f"{schedule.pk}, {schedule.pk + 1}" in ended.err


@pytest.mark.parametrize("chosen", ["acmede", "Acme DE"])
def test_targets_are_chosen_by_their_instance(
    schedule: Schedule, second: Target, chosen: str
):
    trigger(schedule.pk, "--target", chosen, "--target", chosen)

    assert Run.objects.get().target == second


def test_slot_window_and_values_are_the_run_s_own(workflow, schedule: Schedule):
    counted = make_workflow(
        workflow.instance,
        workflow.owner,
        sql="SELECT CUSTOM_PARAMETER('cap'), CUSTOM_PARAMETER('word'),"
        " CUSTOM_PARAMETER('ids') FROM t",
        parameters=[
            {"name": "cap", "dataType": "INTEGER"},
            {"name": "word", "dataType": "STRING", "defaultValue": "x"},
            {"name": "ids", "dataType": {"type": "ARRAY", "elementDataType": "LONG"}},
        ],
    )
    counting = make_schedule(counted, timezone="America/New_York")

    ended = trigger(
        counting.pk,
        "--slot=2026-11-20T09:00",
        "--window=2026-11-01..2026-11-05",
        "--param=cap=3",
        "--param=word=42",
        "--param=ids=7, 8",
    )

    assert ended.code == 0, ended.err
    made = Run.objects.get()
    assert made.scheduled_for.isoformat() == "2026-11-20T14:00:00+00:00"
    assert (made.window_start, made.window_end) == (
        date(2026, 11, 1),
        date(2026, 11, 6),
    )
    assert made.parameter_values == {"cap": 3, "word": "42", "ids": [7, 8]}


# --- Twice ------------------------------------------------------------------------


def test_a_second_run_at_once_is_refused_and_names_the_first(schedule: Schedule):
    trigger(schedule.pk)

    ended = trigger(schedule.pk)

    first = Run.objects.get()
    assert ended.code == 5
    assert f"Run {first.pk} " in ended.err
    assert "--force" in ended.err
    assert ended.out == ""


def test_force_starts_one_all_the_same(schedule: Schedule):
    trigger(schedule.pk)

    assert trigger(schedule.pk, "--force").code == 0
    assert Run.objects.count() == 2


def test_the_same_slot_again_prints_the_run_it_has(schedule: Schedule):
    trigger(schedule.pk, "--slot", SLOT)

    ended = trigger(schedule.pk, "--slot", SLOT, "--json")

    first = Run.objects.get()
    assert ended.code == 0
    assert [item["id"] for item in ended.items] == [first.pk]
    assert f"Run {first.pk} serves this slot already: PENDING." in ended.err


def test_a_slot_that_the_schedule_has_run_is_served(target: Target):
    by_the_clock = make_run(target, scheduled_for=NOON - timedelta(hours=1))
    end(by_the_clock.pk)

    ended = trigger(target.schedule_id, "--slot", SLOT, "--json")

    assert [item["id"] for item in ended.items] == [by_the_clock.pk]
    assert Run.objects.count() == 1


def test_a_slot_whose_run_failed_gets_another(target: Target):
    earlier = NOON - timedelta(hours=1)
    failed = make_run(target, scheduled_for=earlier, created_at=earlier)
    end(failed.pk, "FAILED", "sql_invalid")

    assert trigger(target.schedule_id, "--slot", SLOT).code == 0
    assert Run.objects.filter(trigger=Trigger.MANUAL).count() == 1


def test_only_the_targets_without_a_run_of_the_slot_get_one(
    target: Target, second: Target
):
    earlier = NOON - timedelta(hours=1)
    make_run(target, scheduled_for=earlier, created_at=earlier)

    ended = trigger(target.schedule_id, "--slot", SLOT, "--json")

    assert ended.code == 0
    assert {item["target"] for item in ended.items} == {target.pk, second.pk}
    assert Run.objects.get(trigger=Trigger.MANUAL).target == second


# --- Refusals ---------------------------------------------------------------------


def test_a_paused_schedule_is_refused_unless_forced(schedule: Schedule):
    Schedule.objects.update(is_active=False, next_run_at=None, paused_at=NOON)

    assert trigger(schedule.pk).code == 5
    assert trigger(schedule.pk, "--force").code == 0


def test_some_refused_and_some_started_is_1_and_says_which(
    target: Target, second: Target
):
    make_run(target, created_at=NOON)

    ended = trigger(target.schedule_id, "--json")

    assert ended.code == 1
    (refused,) = ended.document["refused"]
    assert refused["instance_id"] == target.instance.instance_id
    assert refused["code"] == "recent_run"
    assert [item["target"] for item in ended.items] == [second.pk]


@pytest.mark.parametrize("unknown", ["0", "999999", "x", "9" * 30, "²", ""])
def test_an_unknown_schedule_is_not_found(db: None, unknown: str):
    ended = trigger(unknown)

    assert ended.code == 3
    assert len(ended.err.splitlines()) == 1


def test_an_unknown_target_or_user_is_not_found(schedule: Schedule):
    assert trigger(schedule.pk, "--target", "nowhere").code == 3
    assert trigger(schedule.pk, "--as", "nobody").code == 3


def test_a_deleted_schedule_is_not_found(schedule: Schedule):
    Schedule.objects.update(
        deleted_at=NOON, is_active=False, next_run_at=None, paused_at=NOON
    )

    assert trigger(schedule.pk).code == 3


@pytest.mark.parametrize(
    "argv",
    [
        ["--slot", "2026-13-01"],
        ["--slot", "soon"],
        ["--slot", "0001-01-01T00:00+14:00"],
        ["--slot", "2026-11-23T12:01"],
        ["--window", "2026-11-14"],
        ["--window", "2026-11-20..2026-11-14"],
        ["--window", "a..b"],
        ["--window", "9999-12-31..9999-12-31"],
        ["--param", "cap"],
        ["--param", "=3"],
        ["--param", "unknown=3"],
        ["--timeout", "long"],
        ["-o", "yaml"],
    ],
)
def test_bad_arguments_are_wrong_usage_and_start_nothing(
    schedule: Schedule, argv: list[str]
):
    assert trigger(schedule.pk, *argv).code == 2
    assert not Run.objects.exists()


def test_no_argument_at_all_is_wrong_usage(db: None):
    assert trigger().code == 2


# --- Who acts ---------------------------------------------------------------------


def test_the_acting_user_must_be_editor(schedule: Schedule, vic: User):
    ended = trigger(schedule.pk, "--as", "vic")

    assert ended.code == 4
    assert "editor" in ended.err
    assert not Run.objects.exists()


def test_a_stranger_finds_no_such_schedule(schedule: Schedule, bob: User):
    assert trigger(schedule.pk, "--as", "bob").code == 3


def test_the_environment_names_the_acting_user(
    schedule: Schedule, ada: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AMC_CLI_USER", "ada")

    assert "Acting as ada, by AMC_CLI_USER." in trigger(schedule.pk).err


def test_a_target_of_an_account_that_is_not_theirs_is_refused(
    target: Target, alice: User
):
    foreign = make_target(target.schedule, make_instance(make_account()))

    ended = trigger(target.schedule_id, "--target", foreign.instance.instance_id)

    assert ended.code == 4


# --- Rehearsal --------------------------------------------------------------------


def test_a_dry_run_prints_the_sql_and_starts_nothing(schedule: Schedule):
    ended = trigger(schedule.pk, "--dry-run")

    assert ended.code == 0
    assert "SELECT advertiser, COUNT(DISTINCT user_id) AS reach" in ended.out
    assert "2026-11-14 – 2026-11-20" in ended.out
    assert "Would start 1 run." in ended.err
    assert not Run.objects.exists()


def test_a_dry_run_is_refused_for_the_same_reasons(schedule: Schedule, vic: User):
    make_run(schedule.targets.get(), created_at=NOON)

    assert trigger(schedule.pk, "--dry-run").code == 5
    assert trigger(schedule.pk, "--dry-run", "--as", "vic").code == 4


def test_a_dry_run_in_json_has_the_sql(schedule: Schedule, workflow):
    make_member(workflow.owner, make_account())

    (item,) = trigger(schedule.pk, "--dry-run", "--json").items

    assert item["sql"].startswith("SELECT advertiser")
    assert "id" not in item


# --- Waiting ----------------------------------------------------------------------


def test_waiting_ends_with_the_time(schedule: Schedule):
    ended = trigger(schedule.pk, "--wait", "--timeout", "0s", "--json")

    assert ended.code == 8
    assert ended.items[0]["state"] == "PENDING"
    assert "goes on" in ended.err


def test_waiting_for_a_run_that_succeeded_is_0(schedule: Schedule):
    trigger(schedule.pk, "--slot", SLOT)
    end(Run.objects.get().pk)

    ended = trigger(schedule.pk, "--slot", SLOT, "--wait")

    assert ended.code == 0
    assert "SUCCEEDED" in ended.err


def test_waiting_for_a_run_that_fails_is_7(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
):
    def fail_meanwhile(seconds: float) -> None:
        end(Run.objects.get().pk, "FAILED", "sql_invalid")

    monkeypatch.setattr("schedules.management.watching.time.sleep", fail_meanwhile)

    ended = trigger(schedule.pk, "--wait")

    assert ended.code == 7
    assert ": PENDING\n" in ended.err
    assert ": FAILED sql_invalid" in ended.err


def test_interrupting_the_watch_leaves_the_run(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("schedules.management.watching.time.sleep", interrupt)

    ended = trigger(schedule.pk, "--wait")

    assert ended.code == 130
    assert "goes on" in ended.err
    assert Run.objects.get().state == "PENDING"
