"""Submissions with an unknown outcome: adopted, proved absent, or given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from instances.alarms import open_alarms
from instances.amc.gateway import gateway
from tests.amc.server import Amc
from tests.makers import NOON
from tests.workflows.conftest import Clock, Interrupted, Killed, killed
from workflows.executions.cancelling import ask_to_cancel
from workflows.executions.listing import read_until_seen, read_whole
from workflows.executions.polling import poll_due
from workflows.executions.submission import submit
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

POST = "createWorkflowExecution"
PASS = timedelta(seconds=20)


def poll(clock: Clock, **later: float) -> None:
    """One poll pass, some time later."""
    clock.advance(**later)
    poll_due(now=clock, budget=PASS)


def looked_for(clock: Clock, *, minutes: int) -> None:
    """Poll passes every five seconds, as Beat has them done."""
    for _ in range(minutes * 12):
        poll(clock, seconds=5)


@pytest.fixture
def lost(execution: WorkflowExecution, amazon: Amc, clock: Clock) -> WorkflowExecution:
    """Amazon has it, but its reply was lost."""
    fault = amazon.faults("reply_lost", operation=POST)
    submit(execution.pk, now=clock)
    amazon.clear_fault(fault)
    return execution


@pytest.fixture
def lost_and_stuck(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> WorkflowExecution:
    """The same, and it runs on until it is cancelled."""
    amazon.clock(speed=1)
    amazon.faults("stuck", status="RUNNING")
    fault = amazon.faults("reply_lost", operation=POST)
    submit(execution.pk, now=clock)
    amazon.clear_fault(fault)
    return execution


@pytest.fixture
def never_arrived(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> WorkflowExecution:
    """Amazon has none, but nobody knows."""
    fault = amazon.faults("request_lost", operation=POST)
    submit(execution.pk, now=clock)
    amazon.clear_fault(fault)
    return execution


def test_a_lost_reply_is_adopted_not_doubled(
    lost: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.clock(speed=1)

    poll(clock, seconds=5)

    lost.refresh_from_db()
    (made,) = amazon.executions()
    assert lost.amc_execution_id == made["id"]
    assert lost.state == State.COLLECTING
    assert len(amazon.requests(POST)) == 1


def test_a_5xx_after_the_work_is_adopted_as_well(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("server_error", operation=POST, work_done=True, count=1)
    amazon.faults("stuck", status="PENDING")
    submit(execution.pk, now=clock)

    poll(clock, seconds=5)

    execution.refresh_from_db()
    assert execution.state == State.PENDING
    assert execution.submitted_at == NOON + timedelta(seconds=5)
    assert execution.deadline_at == NOON + timedelta(hours=30, seconds=5)


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ({"kind": "failed", "reason": "Query failed"}, "FAILED", "query_failed"),
        ({"kind": "rejected"}, "REJECTED", "privacy_overlap"),
        ({"kind": "unknown_status"}, "PENDING", ""),
    ],
)
def test_adoption_takes_over_what_became_of_it(
    fault: dict[str, Any],
    state: str,
    reason: str,
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
) -> None:
    amazon.faults(**fault)
    amazon.faults("reply_lost", operation=POST, count=1)
    submit(execution.pk, now=clock)

    poll(clock, seconds=5)

    execution.refresh_from_db()
    assert (execution.state, execution.reason) == (state, reason)
    assert execution.amc_execution_id == amazon.executions()[0]["id"]


@pytest.mark.parametrize(("reading", "reason"), [(5, "adopted"), (4, "never claimed")])
def test_a_submitter_that_was_killed_is_looked_after(
    reading: int, reason: str, execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """Before it claimed the row for sending, and before it wrote the answer down."""
    with pytest.raises(Killed):
        submit(execution.pk, now=Interrupted(amazon, reading, killed))

    poll(clock, seconds=45)

    execution.refresh_from_db()
    if reason == "adopted":
        assert execution.amc_execution_id == amazon.executions()[0]["id"]
    else:
        assert execution.sending_at is None
        assert amazon.executions() == []


def test_absence_is_proved_by_two_lists_and_time(
    never_arrived: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    looked_for(clock, minutes=2)
    never_arrived.refresh_from_db()
    assert never_arrived.state == State.SUBMITTING
    assert never_arrived.empty_list_at == NOON + timedelta(seconds=5)

    looked_for(clock, minutes=1)

    never_arrived.refresh_from_db()
    assert (never_arrived.state, never_arrived.reason) == ("NOT_SUBMITTED", "not_found")
    assert never_arrived.ended_at == NOON + timedelta(seconds=180)
    assert never_arrived.uses_attempt
    assert never_arrived.watch_until == NOON + timedelta(hours=24, seconds=180)
    assert len(amazon.requests(POST)) == 1


def test_two_lists_too_near_to_one_another_prove_nothing(
    never_arrived: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    poll(clock, seconds=181)
    poll(clock, seconds=59)
    never_arrived.refresh_from_db()
    assert never_arrived.state == State.SUBMITTING

    poll(clock, seconds=2)

    never_arrived.refresh_from_db()
    assert never_arrived.reason == "not_found"


@pytest.mark.parametrize(
    ("fault", "alarm"),
    [
        ({"kind": "no_sql"}, []),
        ({"kind": "server_error", "operation": "listWorkflowExecutions"}, []),
        ({"kind": "wrong_date", "seconds": 301.0}, ["clock_skew"]),
        ({"kind": "wrong_date", "seconds": -301.0}, ["clock_skew"]),
    ],
)
def test_a_list_with_a_doubt_proves_nothing(
    fault: dict[str, Any],
    alarm: list[str],
    admitted: Callable[..., WorkflowExecution],
    amazon: Amc,
    clock: Clock,
) -> None:
    """Another execution is on the list, so that it has an item without SQL."""
    amazon.faults("request_lost", operation=POST, count=1)
    never_arrived, other = admitted(), admitted()
    submit(never_arrived.pk, now=clock)
    submit(other.pk, now=clock)
    amazon.faults(**fault)

    looked_for(clock, minutes=6)

    never_arrived.refresh_from_db()
    assert never_arrived.state == State.SUBMITTING
    assert [each.code for each in open_alarms()] == alarm


def test_the_alarm_of_the_clocks_ends_when_they_agree(
    never_arrived: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    fault = amazon.faults("wrong_date", seconds=600.0)
    poll(clock, seconds=5)
    assert [alarm.code for alarm in open_alarms()] == ["clock_skew"]

    amazon.clear_fault(fault)
    poll(clock, seconds=5)

    assert not open_alarms()


def test_an_execution_that_is_listed_late_is_still_found(
    lost: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("stale_list", seconds=120.0)

    looked_for(clock, minutes=2)

    lost.refresh_from_db()
    assert lost.amc_execution_id == amazon.executions()[0]["id"]


def test_without_proof_a_person_decides(
    never_arrived: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    fault = amazon.faults("server_error", operation="listWorkflowExecutions")
    poll(clock, hours=5, minutes=59)
    never_arrived.refresh_from_db()
    assert never_arrived.state == State.SUBMITTING

    poll(clock, minutes=2)

    never_arrived.refresh_from_db()
    assert (never_arrived.state, never_arrived.reason) == (
        "FAILED",
        "submit_outcome_unknown",
    )
    assert never_arrived.uses_attempt
    assert never_arrived.watch_until is not None
    assert amazon.hits(fault)


def test_a_held_connection_ends_in_an_unknown_outcome(
    lost: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    lost.connection.held_at = NOON
    lost.connection.save()

    poll(clock, hours=6)

    lost.refresh_from_db()
    assert lost.reason == "submit_outcome_unknown"


def test_what_turns_up_after_its_row_ended_is_cancelled(
    lost_and_stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """Amazon showed it too late for the proof; the watch finds it."""
    hidden = amazon.faults("stale_list", seconds=250.0)
    looked_for(clock, minutes=4)
    lost_and_stuck.refresh_from_db()
    assert lost_and_stuck.reason == "not_found"

    looked_for(clock, minutes=9)

    stray = Stray.objects.get()
    assert stray.why == Stray.Why.ENDED_ROW
    assert stray.execution == lost_and_stuck
    assert stray.ended_at is not None
    assert amazon.executions()[0]["status"] == "CANCELLED"
    assert [alarm.code for alarm in open_alarms()] == ["stray_execution"]
    assert amazon.hits(hidden)


def test_the_watch_ends_after_a_day(
    never_arrived: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    looked_for(clock, minutes=4)
    never_arrived.refresh_from_db()
    assert never_arrived.next_poll_at is not None

    poll(clock, hours=24)

    never_arrived.refresh_from_db()
    assert never_arrived.next_poll_at is None


def test_of_two_with_the_mark_the_earliest_wins(
    lost: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    """As if a frozen sender had sent the same request again."""
    clock.advance(seconds=1)
    WorkflowExecution.objects.update(sending_at=None, next_poll_at=NOON)
    amazon.faults("reply_lost", operation=POST, count=1)
    amazon.clock(speed=1)
    submit(lost.pk, now=clock)

    poll(clock, seconds=60)

    lost.refresh_from_db()
    first, second = amazon.executions()
    assert lost.amc_execution_id == first["id"]
    stray = Stray.objects.get()
    assert (stray.amc_execution_id, stray.why) == (second["id"], Stray.Why.DOUBLE)


def test_what_another_is_just_sending_is_no_stray(
    lost_and_stuck: WorkflowExecution,
    admitted: Callable[..., WorkflowExecution],
    amazon: Amc,
    clock: Clock,
) -> None:
    """The list shows its mark before its reply has come."""
    sending = admitted()
    with pytest.raises(Killed):
        submit(sending.pk, now=Interrupted(amazon, 5, killed))

    poll(clock, seconds=5)
    assert not Stray.objects.exists()
    assert [each["status"] for each in amazon.executions()] == ["RUNNING", "RUNNING"]

    poll(clock, seconds=40)
    sending.refresh_from_db()
    assert sending.state == State.RUNNING


def test_a_cancel_in_the_dark_is_kept_when_the_execution_is_found(
    lost_and_stuck: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    ask_to_cancel(lost_and_stuck.pk, "Not needed", now=clock())

    for _ in range(3):
        poll(clock, seconds=5)

    lost_and_stuck.refresh_from_db()
    assert (lost_and_stuck.state, lost_and_stuck.reason) == ("CANCELLED", "cancelled")
    assert amazon.executions()[0]["status"] == "CANCELLED"


# --- Should Amazon drop comments ----------------------------------------------------


def test_without_comments_the_one_that_fits_is_adopted(
    lost: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    amazon.faults("no_sql_comments")

    poll(clock, seconds=5)

    lost.refresh_from_db()
    assert lost.amc_execution_id == amazon.executions()[0]["id"]


def test_without_comments_two_that_fit_are_told_apart_by_a_person(
    admitted: Callable[..., WorkflowExecution], amazon: Amc, clock: Clock
) -> None:
    amazon.faults("no_sql_comments")
    amazon.faults("reply_lost", operation=POST, count=2)
    first, second = admitted(), admitted()
    submit(first.pk, now=clock)
    submit(second.pk, now=clock)

    looked_for(clock, minutes=6)

    for execution in (first, second):
        execution.refresh_from_db()
        assert execution.state == State.SUBMITTING
        assert execution.amc_execution_id is None
    poll(clock, hours=6)
    first.refresh_from_db()
    assert first.reason == "submit_outcome_unknown"


def test_without_comments_one_that_fits_two_rows_is_nobodys(
    admitted: Callable[..., WorkflowExecution], amazon: Amc, clock: Clock
) -> None:
    """Amazon has one of the two, and nobody can say which."""
    amazon.faults("no_sql_comments")
    amazon.faults("reply_lost", operation=POST, count=1)
    first, second = admitted(), admitted()
    submit(first.pk, now=clock)
    amazon.faults("request_lost", operation=POST, count=1)
    submit(second.pk, now=clock)

    looked_for(clock, minutes=4)

    for execution in (first, second):
        execution.refresh_from_db()
        assert execution.state == State.SUBMITTING


def test_without_comments_what_belongs_to_another_row_does_not_fit(
    admitted: Callable[..., WorkflowExecution], amazon: Amc, clock: Clock
) -> None:
    amazon.faults("no_sql_comments")
    first, second = admitted(), admitted()
    submit(first.pk, now=clock)
    amazon.faults("request_lost", operation=POST, count=1)
    submit(second.pk, now=clock)

    looked_for(clock, minutes=4)

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.amc_execution_id == amazon.executions()[0]["id"]
    assert second.reason == "not_found"


def test_without_comments_other_dates_do_not_fit(
    admitted: Callable[..., WorkflowExecution], amazon: Amc, clock: Clock
) -> None:
    amazon.faults("no_sql_comments")
    earlier = NOON.date() - timedelta(days=30)
    other = admitted(window_start=earlier, window_end=earlier + timedelta(days=7))
    execution = admitted()
    submit(other.pk, now=clock)
    WorkflowExecution.objects.filter(pk=other.pk).update(
        instance=other.instance, amc_execution_id="elsewhere"
    )
    amazon.faults("request_lost", operation=POST, count=1)
    submit(execution.pk, now=clock)

    looked_for(clock, minutes=4)

    execution.refresh_from_db()
    assert execution.reason == "not_found"


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_list_is_as_old_as_its_first_request(
    lost: WorkflowExecution, amazon: Amc, is_whole: bool
) -> None:
    """What Amazon accepts while it is read need not be on it."""
    gate = gateway(lost.instance, lost.connection, now=NOON)
    requests: list[int] = []

    def now() -> datetime:
        requests.append(len(amazon.requests("listWorkflowExecutions")))
        return NOON

    if is_whole:
        read_whole(gate, since=NOON, now=now)
    else:
        read_until_seen(gate, {"any"}, since=NOON, now=now)

    assert requests[0] == 0
