"""Poll passes against the sandbox: Amazon's words, cancels, deadlines, strays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from instances.alarms import open_alarms
from instances.amc.gateway import gateway
from instances.connections import disconnect
from instances.models import Connection
from tests.amc.server import Amc
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_user,
)
from tests.workflows.conftest import Clock, Interrupted, with_version
from workflows.executions import dues
from workflows.executions.cancelling import ask_to_cancel, close_collecting
from workflows.executions.polling import poll_due
from workflows.executions.strays import add_stray
from workflows.executions.submission import submit
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

POST = "createWorkflowExecution"
LIST = "listWorkflowExecutions"
GET = "getWorkflowExecution"
CANCEL = "updateWorkflowExecution"
PASS = timedelta(seconds=20)
OVERLAP = {"kind": "overlap_refusal", "limit": 0}
Admit = Callable[..., WorkflowExecution]


def poll(clock: Clock, **later: float) -> int:
    """One poll pass, some time later."""
    clock.advance(**later)
    return poll_due(now=clock, budget=PASS)


def ended(execution: WorkflowExecution) -> tuple[str, str, str, bool | None]:
    execution.refresh_from_db()
    return (
        execution.state,
        execution.reason,
        execution.error_class,
        execution.uses_attempt,
    )


@pytest.fixture
def stuck(execution: WorkflowExecution, amazon: Amc, clock: Clock) -> WorkflowExecution:
    """It runs at Amazon until it is cancelled."""
    amazon.clock(speed=1)
    amazon.faults("stuck", status="RUNNING")
    submit(execution.pk, now=clock)
    return execution


@pytest.fixture
def queued(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> WorkflowExecution:
    """It waits at Amazon until it is cancelled; no time limit of Amazon's runs."""
    amazon.clock(speed=1)
    amazon.faults("stuck", status="PENDING")
    submit(execution.pk, now=clock)
    return execution


# --- Amazon's words -----------------------------------------------------------------


def test_an_execution_goes_from_pending_to_running_to_collecting(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=10)
    submit(execution.pk, now=clock)
    states = []
    for _ in range(10):
        poll(clock, seconds=5)
        execution.refresh_from_db()
        states.append(execution.state)

    assert sorted(set(states)) == ["COLLECTING", "RUNNING"]
    assert execution.amc_status == "SUCCEEDED"
    assert execution.amc_ended_at is not None
    assert execution.amc_ended_at <= clock()
    assert execution.claims == 0


@pytest.mark.parametrize(
    ("fault", "state", "reason", "error_class"),
    [
        ({"kind": "failed"}, "FAILED", "query_failed", "query"),
        (
            {"kind": "failed", "reason": "From line 1, column 8: Column 'x' not found"},
            "FAILED",
            "sql_invalid",
            "query",
        ),
        (
            {"kind": "failed", "reason": "The execution timed out."},
            "TIMED_OUT",
            "timed_out",
            "query",
        ),
        ({"kind": "rejected"}, "REJECTED", "privacy_overlap", "privacy"),
        ({"kind": "rejected", "reason": "No"}, "REJECTED", "rejected", "query"),
        (
            {"kind": "overlap_refusal", "limit": 0},
            "REJECTED",
            "privacy_overlap",
            "privacy",
        ),
    ],
)
def test_each_final_word_ends_the_execution(
    fault: dict[str, Any],
    state: str,
    reason: str,
    error_class: str,
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
) -> None:
    amazon.faults(**fault)
    submit(execution.pk, now=clock)

    poll(clock, seconds=5)

    assert ended(execution) == (state, reason, error_class, True)
    assert execution.message
    assert execution.next_poll_at is None


def test_a_cancel_that_was_not_ours_is_named(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    stuck.refresh_from_db()
    cancel_elsewhere(amazon, stuck)

    poll(clock, seconds=5)

    assert ended(stuck) == ("CANCELLED", "cancelled_at_amazon", "", True)


def cancel_elsewhere(amazon: Amc, execution: WorkflowExecution) -> None:
    """Somebody presses the button in Amazon's own console."""
    assert execution.amc_execution_id
    elsewhere = gateway(execution.instance, execution.connection, now=NOON)
    elsewhere.cancel_execution(execution.amc_execution_id)


def test_an_unknown_word_is_kept_and_polled_on_with_one_alarm(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    fault = amazon.faults("unknown_status", word="ARCHIVED")
    first, second = admitted(), admitted()
    submit(first.pk, now=clock)
    submit(second.pk, now=clock)

    poll(clock, seconds=5)

    first.refresh_from_db()
    assert (first.state, first.amc_status) == (State.PENDING, "ARCHIVED")
    assert first.next_poll_at == clock() + timedelta(seconds=5)
    assert [(each.code, each.subject) for each in open_alarms()] == [
        ("unknown_status", "ARCHIVED")
    ]

    amazon.clear_fault(fault)
    poll(clock, seconds=5)

    first.refresh_from_db()
    assert first.state == State.COLLECTING
    assert not open_alarms()


def test_a_row_never_goes_backwards(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    poll(clock, seconds=5)
    amazon.clear_faults()
    amazon.faults("garbage", operation=GET, **pending_body(stuck))

    poll(clock, seconds=5)

    stuck.refresh_from_db()
    assert stuck.state == State.RUNNING


def pending_body(execution: WorkflowExecution) -> dict[str, str]:
    execution.refresh_from_db()
    shown = {"workflowExecutionId": execution.amc_execution_id, "status": "PENDING"}
    return {"body": json.dumps(shown), "content_type": "application/json"}


# --- How often, and with how many calls -----------------------------------------------


def test_looks_become_seldom(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    waits = []
    for _ in range(40):
        stuck.refresh_from_db()
        assert stuck.next_poll_at is not None
        clock.advance(seconds=(stuck.next_poll_at - clock()).total_seconds())
        poll(clock)
        stuck.refresh_from_db()
        waits.append((stuck.next_poll_at - clock()).total_seconds())

    assert waits[0] == 5
    assert waits == sorted(waits)
    assert 30 < waits[-1] <= 300


def test_nothing_due_is_no_call(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    before = len(amazon.requests())

    assert poll(clock, seconds=4) == 0

    assert len(amazon.requests()) == before


def test_one_execution_is_asked_for_several_are_listed(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=1)
    amazon.faults("stuck")
    submit(admitted().pk, now=clock)
    poll(clock, seconds=5)
    assert (len(amazon.requests(GET)), len(amazon.requests(LIST))) == (1, 0)
    for _ in range(4):
        submit(admitted().pk, now=clock)

    assert poll(clock, seconds=5) == 5

    assert (len(amazon.requests(GET)), len(amazon.requests(LIST))) == (1, 1)
    assert not WorkflowExecution.objects.filter(next_poll_at__lte=clock()).exists()


def test_those_that_are_not_due_profit_from_the_list(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=1)
    early, late = admitted(), admitted()
    submit(early.pk, now=clock)
    submit(late.pk, now=clock)
    WorkflowExecution.objects.filter(pk=late.pk).update(
        next_poll_at=NOON + timedelta(minutes=4)
    )

    assert poll(clock, seconds=60) == 1

    late.refresh_from_db()
    assert late.state == State.COLLECTING


def test_what_the_list_does_not_show_is_asked_for(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    first, second = admitted(), admitted()
    submit(first.pk, now=clock)
    submit(second.pk, now=clock)
    amazon.faults("stale_list", seconds=3600.0)

    poll(clock, seconds=5)

    second.refresh_from_db()
    assert second.state == State.COLLECTING
    assert len(amazon.requests(GET)) == 2


def test_a_list_that_cannot_be_read_does_not_hide_the_others(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    """An item without id spoils the list; each execution is asked for instead."""
    first, second, lost = admitted(), admitted(), admitted()
    submit(first.pk, now=clock)
    submit(second.pk, now=clock)
    amazon.faults("request_lost", operation=POST, count=1)
    submit(lost.pk, now=clock)
    spoilt = {"body": '{"executions": [{}]}', "content_type": "application/json"}
    amazon.faults("garbage", operation=LIST, **spoilt)

    poll(clock, seconds=5)

    for execution in (first, second):
        execution.refresh_from_db()
        assert execution.state == State.COLLECTING
    lost.refresh_from_db()
    assert (lost.state, lost.empty_list_at) == (State.SUBMITTING, None)


def test_a_pass_ends_with_its_budget_and_gives_back_the_rest(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    submit(admitted().pk, now=clock)
    clock.advance(seconds=5)

    assert poll_due(now=clock, budget=timedelta(0)) == 0

    assert poll(clock) == 1


def test_a_row_that_another_pass_has_locked_is_passed_over(
    committed_db: None, admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    held, free = admitted(), admitted()
    amazon.faults("reply_lost", operation=POST, count=1)
    submit(held.pk, now=clock)
    submit(free.pk, now=clock)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM workflow_executions WHERE id = %s FOR UPDATE", [held.pk]
            )

        assert poll(clock, seconds=5) == 1
    finally:
        other.rollback()
        other.close()
    free.refresh_from_db()
    assert free.state == State.COLLECTING


def test_a_claimed_row_is_not_due_for_anybody_else(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """While one pass asks Amazon, another finds nothing."""
    clock.advance(seconds=5)
    (group,) = dues.claim(now=clock())

    assert dues.claim(now=clock()) == []

    dues.give_back([group], now=clock())
    assert len(dues.claim(now=clock())) == 1


def test_what_is_unsent_is_left_to_its_submitter(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """Its `next_poll_at` says when its message is sent again."""
    assert poll(clock, minutes=10) == 0

    execution.refresh_from_db()
    assert execution.next_poll_at == NOON + timedelta(seconds=60)
    assert amazon.requests() == []


def test_a_broken_group_does_not_stop_the_others(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    """An instance lost its account, against the rules; the other one is polled."""
    broken, fine = admitted(), admitted()
    submit(broken.pk, now=clock)
    submit(fine.pk, now=clock)
    stranger = make_connection(make_user(), make_account())
    Connection.objects.filter(pk=stranger.pk).update(refresh_token="not a ciphertext")
    WorkflowExecution.objects.filter(pk=broken.pk).update(connection=stranger)

    poll(clock, seconds=5)

    fine.refresh_from_db()
    broken.refresh_from_db()
    assert fine.state == State.COLLECTING
    assert broken.state == State.PENDING


# --- Amazon not answering -------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        ({"kind": "server_error"}, 5),
        ({"kind": "throttled", "retry_after": "17"}, 17),
        ({"kind": "throttled", "retry_after": ""}, 60),
        ({"kind": "forbidden"}, 300),
        ({"kind": "invalid_grant", "operation": "token"}, 60),
        ({"kind": "invalid_client", "operation": "token"}, 60),
        ({"kind": "garbage"}, 5),
    ],
)
def test_what_cannot_be_asked_now_is_asked_later(
    fault: dict[str, Any],
    wait: float,
    stuck: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
) -> None:
    if "operation" in fault:
        amazon.expire_access_tokens()
    amazon.faults(**{"operation": GET} | fault)

    poll(clock, seconds=5)

    stuck.refresh_from_db()
    assert stuck.state == State.PENDING
    assert stuck.next_poll_at == clock() + timedelta(seconds=wait)


def test_a_held_connection_is_not_polled_until_its_release(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    Connection.objects.update(held_at=NOON)
    before = len(amazon.requests())
    for _ in range(3):
        poll(clock, minutes=10)
    assert len(amazon.requests()) == before

    Connection.objects.update(held_at=None)
    poll(clock, minutes=1)

    stuck.refresh_from_db()
    assert stuck.state == State.RUNNING


def test_what_stays_unasked_until_its_deadline_has_lost_its_credential(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    Connection.objects.update(held_at=NOON)

    poll(clock, hours=31)
    stuck.refresh_from_db()
    assert (stuck.state, stuck.cancel_reason) == (State.PENDING, "deadline")
    poll(clock, minutes=15)

    assert ended(stuck) == ("TIMED_OUT", "credential_lost", "credential", True)


def test_a_deleted_connection_is_replaced_by_its_owners_next_one(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """Who disconnects and connects anew has another connection afterwards."""
    make_connection(make_user(), stuck.account)
    disconnect(stuck.connection, now=NOON)
    poll(clock, minutes=10)
    stuck.refresh_from_db()
    assert stuck.state == State.PENDING

    make_connection(stuck.owner, stuck.account)
    poll(clock, minutes=1)

    stuck.refresh_from_db()
    assert stuck.state == State.RUNNING


def test_a_404_is_believed_after_ten_minutes_and_three_times(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    fault = amazon.faults("not_found", operation=GET)
    poll(clock, seconds=5)
    poll(clock, minutes=9)
    stuck.refresh_from_db()
    assert (stuck.state, stuck.missing_count) == (State.PENDING, 2)

    poll(clock, minutes=2)

    assert ended(stuck) == ("FAILED", "execution_lost", "unknown", True)
    stray = Stray.objects.get()
    assert (stray.amc_execution_id, stray.why) == (
        stuck.amc_execution_id,
        Stray.Why.LOST,
    )
    assert amazon.hits(fault)


@pytest.mark.parametrize("waits", [[5, 5, 5, 5], [5, 660]])
def test_three_times_alone_or_ten_minutes_alone_prove_no_loss(
    waits: list[float], stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("not_found", operation=GET)

    for seconds in waits:
        poll(clock, seconds=seconds)

    stuck.refresh_from_db()
    assert (stuck.state, stuck.missing_count) == (State.PENDING, len(waits))


def test_an_execution_that_shows_up_again_was_not_lost(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("not_found", operation=GET, count=2)
    poll(clock, seconds=5)
    poll(clock, minutes=9)

    poll(clock, minutes=2)

    stuck.refresh_from_db()
    assert (stuck.state, stuck.missing_count) == (State.RUNNING, 0)
    assert stuck.missing_since is None


# --- Cancels and deadlines ------------------------------------------------------------


def test_a_cancel_is_asked_for_at_amazon_and_awaited(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    poll(clock, seconds=5)
    ask_to_cancel(stuck.pk, "Not needed", now=clock())

    poll(clock)
    stuck.refresh_from_db()
    assert stuck.state == State.RUNNING
    assert amazon.executions()[0]["status"] == "CANCELLED"
    poll(clock, seconds=5)

    assert ended(stuck) == ("CANCELLED", "cancelled", "", True)
    assert len(amazon.requests(CANCEL)) == 1


def test_a_wish_that_comes_while_amazon_is_asked_is_not_put_off(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """After an hour looks are minutes apart. Readings: claim, token, what was seen."""
    clock.advance(hours=1)
    asking = Interrupted(
        amazon, 3, lambda: ask_to_cancel(stuck.pk, "Not needed", now=clock())
    )
    asking.follow(clock)

    poll_due(now=asking, budget=PASS)

    assert amazon.executions()[0]["status"] == "CANCELLED"


def test_a_wish_that_comes_while_amazon_fails_is_not_put_off(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    clock.advance(hours=1)
    fault = amazon.faults("server_error", operation=GET)

    def wish() -> None:
        ask_to_cancel(stuck.pk, "Not needed", now=clock())
        amazon.clear_fault(fault)

    asking = Interrupted(amazon, 3, wish)
    asking.follow(clock)
    poll_due(now=asking, budget=PASS)

    assert amazon.executions()[0]["status"] == "CANCELLED"


def test_a_cancel_that_got_lost_is_asked_for_again(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("cancel_lost", count=1)
    ask_to_cancel(stuck.pk, "Not needed", now=clock())

    for _ in range(3):
        poll(clock, seconds=5)

    assert ended(stuck)[:2] == ("CANCELLED", "cancelled")
    assert len(amazon.requests(CANCEL)) == 2


def test_what_finished_before_the_cancel_is_collected(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    submit(execution.pk, now=clock)
    ask_to_cancel(execution.pk, "Not needed", now=clock())

    poll(clock)

    execution.refresh_from_db()
    assert execution.state == State.COLLECTING
    assert close_collecting(execution.pk, "Not needed", now=clock())
    assert ended(execution)[:2] == ("CANCELLED", "cancelled")


def test_an_execution_past_its_deadline_is_cancelled_and_timed_out(
    queued: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    poll(clock, hours=30)
    queued.refresh_from_db()
    assert (queued.state, queued.cancel_reason) == (State.PENDING, "deadline")
    assert queued.deadline_at == clock() + timedelta(minutes=15)

    poll(clock, seconds=5)

    assert ended(queued) == ("TIMED_OUT", "timed_out", "query", True)
    assert amazon.executions()[0]["status"] == "CANCELLED"
    assert not Stray.objects.exists()


def test_a_deadline_that_amazon_does_not_confirm_leaves_a_stray(
    queued: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    fault = amazon.faults("cancel_lost")
    poll(clock, hours=30)
    poll(clock, minutes=14)
    queued.refresh_from_db()
    assert queued.state == State.PENDING
    amazon.clear_fault(fault)

    amazon.faults("cancel_lost", count=1)
    poll(clock, minutes=1)

    assert ended(queued) == ("TIMED_OUT", "timed_out", "query", True)
    assert Stray.objects.get().why == Stray.Why.UNCONFIRMED_END


def test_a_deadline_holds_while_amazon_is_silent(
    stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("server_error")

    poll(clock, hours=30)
    poll(clock, minutes=15)

    assert ended(stuck) == ("TIMED_OUT", "timed_out", "query", True)


# --- Strays ---------------------------------------------------------------------------


def test_a_mark_of_ours_without_a_row_is_cancelled_and_reported_for_a_day(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    """As after the database was restored from a backup."""
    amazon.clock(speed=1)
    amazon.faults("stuck", status="RUNNING")
    forgotten, first, second = admitted(), admitted(), admitted()
    for execution in (forgotten, first, second):
        submit(execution.pk, now=clock)
    mark = forgotten.mark
    forgotten.runs.update(execution=None, state="FAILED", finished_at=NOON, reason="x")
    forgotten.delete()

    poll(clock, seconds=5)

    stray = Stray.objects.get()
    assert (stray.mark, stray.why) == (mark, Stray.Why.NO_ROW)
    assert stray.execution is None
    assert stray.ended_at is not None
    assert [each["status"] for each in amazon.executions()] == [
        "CANCELLED",
        "RUNNING",
        "RUNNING",
    ]
    assert [alarm.subject for alarm in open_alarms()] == [stray.amc_execution_id]
    poll(clock, hours=23)
    assert open_alarms().filter(code="stray_execution").exists()

    poll(clock, hours=2)

    assert not open_alarms().filter(code="stray_execution").exists()
    stray.refresh_from_db()
    assert stray.next_poll_at is None


@pytest.mark.parametrize("mark", ["other-1-00000001", "test-eu-1-00000001", ""])
def test_marks_of_others_are_left_alone(
    mark: str, admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=1)
    amazon.faults("stuck", status="RUNNING")
    others, first, second = admitted(mark=mark), admitted(), admitted()
    for execution in (others, first, second):
        submit(execution.pk, now=clock)
    others.runs.update(execution=None, state="FAILED", finished_at=NOON, reason="x")
    others.delete()

    poll(clock, seconds=5)

    assert not Stray.objects.exists()


def test_a_stray_whose_cancel_is_lost_is_cancelled_again(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=1)
    amazon.faults("stuck", status="RUNNING")
    amazon.faults("cancel_lost", count=2)
    submit(execution.pk, now=clock)
    amc_id = amazon.executions()[0]["id"]
    with transaction.atomic():
        add_stray(execution, amc_id, Stray.Why.DOUBLE, now=clock())
    WorkflowExecution.objects.update(next_poll_at=NOON + timedelta(days=1))

    for _ in range(3):
        poll(clock, seconds=10)

    stray = Stray.objects.get()
    assert stray.amc_status == "CANCELLED"
    assert len(amazon.requests(CANCEL)) == 3


def test_a_stray_that_amazon_does_not_know_has_gone(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    add_stray(execution, "nowhere", Stray.Why.LATE_REPLY, now=clock())
    poll(clock, seconds=5)
    assert Stray.objects.get().ended_at is None

    poll(clock, minutes=3)

    assert Stray.objects.get().amc_status == "GONE"


def test_a_stray_that_nobody_can_look_after_stops_no_other(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    submit(execution.pk, now=clock)
    Stray.objects.create(
        instance=make_instance(make_account(region="??")),
        execution=execution,
        amc_execution_id="broken",
        why=Stray.Why.DOUBLE,
        found_at=NOON,
        next_poll_at=NOON,
    )
    add_stray(execution, "nowhere", Stray.Why.LATE_REPLY, now=clock())

    poll(clock, minutes=4)

    assert Stray.objects.get(amc_execution_id="nowhere").amc_status == "GONE"
    assert Stray.objects.get(amc_execution_id="broken").ended_at is None


def test_sql_of_a_person_does_not_matter(
    admitted: Admit, amazon: Amc, clock: Clock
) -> None:
    """A mark within a text is none."""
    amazon.clock(speed=1)
    first, second = admitted(), admitted()
    sql = "SELECT '/* amc-scheduler test-1-00000001 */' AS x FROM dsp_impressions"
    with_version(first, sql)
    submit(first.pk, now=clock)
    submit(second.pk, now=clock)

    poll(clock, seconds=5)

    assert not Stray.objects.exists()
