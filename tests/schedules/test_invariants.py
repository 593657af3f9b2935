"""Each invariant notices what breaks it, and is silent otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from instances.models import Account, Connection, Instance
from schedules.invariants import INVARIANTS, breaches, unknown_at_amazon
from schedules.models import Run, Schedule, Target
from tests.makers import NOON, make_execution, make_run
from workflows.models import Stray, WorkflowExecution

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def without(*statements: str) -> None:
    """Take guards away; the test's transaction puts them back."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def running(target: Target, **changes) -> Run:
    run = make_run(target, **changes)
    make_execution(run)
    return run


def two_runs_of_a_slot(target: Target) -> None:
    without("DROP INDEX one_run_per_slot")
    make_run(target)
    make_run(target)


def a_running_run_whose_execution_ended_long_ago(target: Target) -> None:
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        state="FAILED", ended_at=NOON - HOUR, uses_attempt=True, next_poll_at=None
    )


def an_open_execution_of_a_run_that_has_ended(target: Target) -> None:
    run = running(target)
    Run.objects.filter(pk=run.pk).update(
        state="CANCELLED", reason="cancelled", finished_at=NOON
    )


def an_attempt_that_skips_a_number(target: Target) -> None:
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(attempt=3)


def more_attempts_than_allowed(target: Target) -> None:
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(attempts_used=4)


def a_run_that_nobody_looks_at(target: Target) -> None:
    make_run(target, next_action_at=NOON - HOUR)


def a_run_that_waits_past_its_end(target: Target) -> None:
    make_run(target, state="WAITING", reason="credential", give_up_at=NOON - HOUR)


def an_execution_that_nobody_looks_at(target: Target) -> None:
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        next_poll_at=NOON - HOUR
    )


def a_full_instance(target: Target) -> None:
    running(target)
    Instance.objects.update(max_running=0)


def a_full_account(target: Target) -> None:
    running(target)
    Account.objects.update(max_running=0)


def two_active_runs_of_a_target(target: Target) -> None:
    without("DROP INDEX one_active_run_per_target")
    make_run(target, state="WAITING", reason="capacity")
    running(target, scheduled_for=NOON + HOUR)


def a_run_that_waits_on_a_paused_target(target: Target) -> None:
    make_run(target)
    Target.objects.update(paused_at=NOON, pause_reason="person")


def a_run_that_waits_on_a_paused_schedule(target: Target) -> None:
    make_run(target)
    Schedule.objects.update(is_active=False, paused_at=NOON)


def a_success_without_a_successful_execution(target: Target) -> None:
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        state="FAILED", ended_at=NOON, uses_attempt=True, next_poll_at=None
    )
    Run.objects.filter(pk=run.pk).update(state="SUCCEEDED", finished_at=NOON)


def a_wrong_counter(target: Target) -> None:
    Target.objects.update(consecutive_failures=1)


def a_stray_that_goes_on(target: Target) -> None:
    run = running(target)
    Stray.objects.create(
        execution=run.execution,
        instance=run.instance,
        amc_execution_id="stray",
        why=Stray.Why.DOUBLE,
        found_at=NOON - HOUR,
        next_poll_at=NOON,
    )


@pytest.mark.parametrize(
    ("broken_by", "number"),
    [
        (two_runs_of_a_slot, "I1"),
        (a_running_run_whose_execution_ended_long_ago, "I2"),
        (an_open_execution_of_a_run_that_has_ended, "I2"),
        (an_attempt_that_skips_a_number, "I3"),
        (more_attempts_than_allowed, "I3"),
        (a_run_that_nobody_looks_at, "I4"),
        (a_run_that_waits_past_its_end, "I4"),
        (an_execution_that_nobody_looks_at, "I4"),
        (a_full_instance, "I5"),
        (a_full_account, "I5"),
        (two_active_runs_of_a_target, "I6"),
        (a_run_that_waits_on_a_paused_target, "I7"),
        (a_run_that_waits_on_a_paused_schedule, "I7"),
        (a_success_without_a_successful_execution, "I8"),
        (a_wrong_counter, "I9"),
        (a_stray_that_goes_on, "I10"),
    ],
)
def test_what_is_broken_is_told(
    target: Target, broken_by: Callable[[Target], None], number
):
    broken_by(target)

    found = breaches(now=NOON)

    assert {breach.invariant.split()[0] for breach in found} == {number}
    assert all(breach.id for breach in found)


def test_nothing_is_told_of_a_healthy_database(target: Target):
    make_run(target, scheduled_for=NOON + HOUR)
    running(target)

    assert breaches(now=NOON) == []


@pytest.mark.parametrize("column", ["held_at", "deleted_at"])
def test_a_stray_that_nobody_can_reach_breaks_nothing(target: Target, column):
    a_stray_that_goes_on(target)
    Connection.objects.update(**{column: NOON})

    assert breaches(now=NOON) == []


def test_history_that_was_pruned_breaks_no_chain(target: Target):
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        attempt=2, attempts_used=1, retry_of=10**9
    )

    assert breaches(now=NOON) == []


def test_there_are_ten_that_need_nobody_elses_word():
    assert [name.split()[0] for name in INVARIANTS] == [f"I{n}" for n in range(1, 11)]


def test_what_is_at_amazon_and_in_no_row_is_told(target: Target):
    run = running(target)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        state="PENDING", sending_at=NOON, amc_execution_id="known"
    )
    Stray.objects.create(
        execution=run.execution,
        instance=run.instance,
        amc_execution_id="stray",
        why=Stray.Why.DOUBLE,
        found_at=NOON,
    )
    key = run.instance_id

    unknown = unknown_at_amazon([(key, "known"), (key, "stray"), (key, "forgotten")])

    assert unknown == [(key, "forgotten")]
    assert unknown_at_amazon([]) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "All 10 invariants hold."),
        (["-o", "csv"], "invariant,kind,id"),
    ],
)
def test_the_command_says_that_all_is_well(target: Target, capsys, arguments, expected):
    call_command("check_invariants", *arguments)

    assert capsys.readouterr().out.strip() == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("table", "I9 failures in a row are what a recount says: target {}"),
        ("csv", '"I9 failures in a row are what a recount says",target,{}'),
    ],
)
def test_the_command_tells_each_row_and_fails(target: Target, capsys, output, expected):
    a_wrong_counter(target)

    with pytest.raises(SystemExit, match="1"):
        call_command("check_invariants", "--output", output)

    assert expected.format(target.pk) in capsys.readouterr().out


def test_the_command_tells_machines_too(target: Target, capsys):
    a_wrong_counter(target)

    with pytest.raises(SystemExit):
        call_command("check_invariants", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "amc.invariants/1"
    assert answer["count"] == 1
    assert answer["items"][0] == {
        "invariant": "I9 failures in a row are what a recount says",
        "kind": "target",
        "id": target.pk,
    }
