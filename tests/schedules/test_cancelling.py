"""Cancelling: at once while nothing is at Amazon, else when Amazon says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from instances.changelog import changing
from instances.errors import NotPermitted
from instances.models import Change, User
from schedules.cancelling import cancel_run
from schedules.errors import AlreadyFinished
from schedules.models import Run, Target
from schedules.settling import settle
from schedules.states import WAIT_REASONS
from tests.makers import NOON, make_execution, make_run
from tests.rivals import held_elsewhere, meanwhile
from tests.schedules.histories import (
    HOUR,
    MINUTE,
    run_at_amazon,
    state_of,
    tried_run,
    waiting_run,
)
from workflows.models import WorkflowExecution

pytestmark = pytest.mark.usefixtures("invariants_hold")
LATER = NOON + MINUTE
SLOT = {"scheduled_for": NOON - HOUR}
CANCELLED = ("CANCELLED", "cancelled")


def cancel(run: Run, user: User, reason: str = "a mistake") -> Run:
    return cancel_run(run.pk, user=user, reason=reason, now=LATER)


def execution_of(run: Run) -> WorkflowExecution:
    return WorkflowExecution.objects.get(pk=run.execution_id)


# --- Nothing is at Amazon ---------------------------------------------------------


@pytest.mark.parametrize("reason", ["", *sorted(WAIT_REASONS)])
def test_what_waits_ends_at_once(reason: str, target: Target, alice: User):
    run = waiting_run(target, reason, **SLOT) if reason else make_run(target, **SLOT)

    with changing(alice, Change.Origin.API, now=LATER):
        cancel(run, alice)

    assert state_of(run) == CANCELLED
    assert (run.finished_at, run.next_action_at) == (LATER, None)
    assert (run.cancel_requested_at, run.cancel_requested_by) == (LATER, alice)
    assert run.cancel_reason == "a mistake"
    change = target.schedule.history.latest("history_id")
    assert (change.history_user, change.history_change_reason) == (
        alice,
        f"cancel of run {run.pk}: a mistake",
    )


def test_what_waits_for_another_attempt_ends_at_once(target: Target, alice: User):
    run = tried_run(target, **SLOT)

    cancel(run, alice)

    assert state_of(run) == CANCELLED
    assert execution_of(run).reason == "not_connected"


def test_an_unsent_execution_ends_with_it(target: Target, alice: User):
    run = run_at_amazon(target, "unsent", **SLOT)

    cancel(run, alice)

    execution = execution_of(run)
    assert state_of(run) == CANCELLED
    assert (execution.state, execution.reason) == ("NOT_SUBMITTED", "cancelled")
    assert (execution.ended_at, execution.uses_attempt) == (LATER, False)
    assert execution.cancel_reason == "a mistake"


def test_a_result_that_is_being_fetched_is_dropped(target: Target, alice: User):
    run = run_at_amazon(target, "COLLECTING", **SLOT)

    cancel(run, alice)

    execution = execution_of(run)
    assert state_of(run) == CANCELLED
    assert (execution.state, execution.ended_at) == ("CANCELLED", LATER)


# --- It is at Amazon, or may be ---------------------------------------------------


@pytest.mark.parametrize("state", ["sent", "PENDING", "RUNNING"])
def test_what_amazon_may_have_waits_for_amazon(state: str, target: Target, alice: User):
    run = run_at_amazon(target, state, **SLOT)

    cancel(run, alice)

    execution = execution_of(run)
    assert state_of(run) == ("RUNNING", "")
    assert (run.cancel_requested_at, run.finished_at) == (LATER, None)
    assert (execution.cancel_requested_at, execution.cancel_reason) == (
        LATER,
        "a mistake",
    )
    assert (execution.next_poll_at, execution.ended_at) == (LATER, None)


@pytest.mark.parametrize("state", ["sent", "PENDING", "RUNNING"])
def test_asking_twice_is_asking_once(state: str, target: Target, alice: User):
    run = run_at_amazon(target, state, **SLOT)
    cancel(run, alice, "first")
    before = Run.objects.values().get(), WorkflowExecution.objects.values().get()
    changes = target.schedule.history.count()

    cancel_run(run.pk, user=alice, reason="second", now=LATER + MINUTE)

    assert (Run.objects.values().get(), WorkflowExecution.objects.values().get()) == (
        before
    )
    assert target.schedule.history.count() == changes


ENDS = [
    ("SUCCEEDED", "", ("SUCCEEDED", "")),
    ("FAILED", "query_failed", CANCELLED),
    ("CANCELLED", "cancelled", CANCELLED),
    ("NOT_SUBMITTED", "not_found", CANCELLED),
    ("TIMED_OUT", "timed_out", CANCELLED),
]


@pytest.mark.parametrize(("state", "reason", "end"), ENDS)
def test_the_wish_decides_how_the_end_is_settled(
    state: str, reason: str, end: tuple[str, str], target: Target, alice: User
):
    """What had ended well before Amazon heard of the wish has succeeded."""
    asked = {"SUCCEEDED": "PENDING", "NOT_SUBMITTED": "sent"}.get(state, "RUNNING")
    run = run_at_amazon(target, asked, **SLOT)
    cancel(run, alice)
    finish(run, state, reason)

    settle(now=LATER)

    assert state_of(run) == end


def test_an_end_that_is_not_settled_yet_takes_the_wish(target: Target, alice: User):
    run = run_at_amazon(target, "RUNNING", **SLOT)
    finish(run, "FAILED", "query_failed")

    cancel(run, alice)
    between = state_of(run)
    settle(now=LATER)

    assert between == ("RUNNING", "")
    assert state_of(run) == CANCELLED
    target.refresh_from_db()
    assert target.consecutive_failures == 0


def finish(run: Run, state: str, reason: str) -> None:
    """As the poller and the collector would."""
    rows = WorkflowExecution.objects.filter(pk=run.execution_id)
    if state == "SUCCEEDED":
        rows.update(state="COLLECTING")
    rows.update(
        state=state,
        reason=reason,
        ended_at=LATER,
        uses_attempt=True,
        next_poll_at=None,
    )


# --- What has ended ---------------------------------------------------------------


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "SKIPPED"])
def test_what_has_ended_stays_as_it_ended(state: str, target: Target, alice: User):
    run = make_run(target, state=state, reason="x", finished_at=NOON)

    with pytest.raises(AlreadyFinished) as caught:
        cancel(run, alice)

    assert caught.value.code == "already_finished"
    assert state_of(run) == (state, "x")
    assert run.cancel_requested_at is None


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_it_needs_the_role_editor(
    who: str, target: Target, request: pytest.FixtureRequest
):
    run = make_run(target, **SLOT)

    with pytest.raises(NotPermitted):
        cancel(run, request.getfixturevalue(who))
    assert state_of(run) == ("PENDING", "")


def test_a_run_without_account_belongs_to_its_schedules(
    target: Target, alice: User, bob: User
):
    run = make_run(target, account=None, **SLOT)

    with pytest.raises(NotPermitted):
        cancel(run, bob)
    cancel(run, alice)

    assert state_of(run) == CANCELLED


# --- Beside submitter, poller and collector ---------------------------------------


def race(
    run: Run, user: User, rival: Callable[[Any, int], None]
) -> tuple[Run, WorkflowExecution]:
    """Cancel while somebody else holds the execution's row and changes it."""
    execution = execution_of(run)
    with held_elsewhere(execution) as cursor, meanwhile(lambda: cancel(run, user)):
        rival(cursor, execution.pk)
        cursor.db.commit()
    run.refresh_from_db()
    return run, execution_of(run)


@pytest.mark.django_db(transaction=True)
def test_the_submitter_has_just_sent_it(
    committed_db: None, target: Target, alice: User
):
    def send(cursor: Any, key: int) -> None:
        cursor.execute(
            "UPDATE workflow_executions SET sending_at = %s WHERE id = %s", [NOON, key]
        )

    run, execution = race(run_at_amazon(target, "unsent", **SLOT), alice, send)

    assert (run.state, run.cancel_requested_at) == ("RUNNING", LATER)
    assert (execution.state, execution.cancel_requested_at) == ("SUBMITTING", LATER)


@pytest.mark.django_db(transaction=True)
def test_the_submitter_comes_too_late(committed_db: None, target: Target, alice: User):
    """Its claim for sending is guarded by what the cancel has just written."""
    run = run_at_amazon(target, "unsent", **SLOT)
    cancel(run, alice)

    claimed = WorkflowExecution.objects.filter(
        pk=run.execution_id,
        state="SUBMITTING",
        sending_at=None,
        cancel_requested_at=None,
    ).update(sending_at=LATER)

    assert claimed == 0
    assert state_of(run) == CANCELLED


@pytest.mark.django_db(transaction=True)
def test_the_poller_has_just_seen_the_end(
    committed_db: None, target: Target, alice: User
):
    """Amazon had finished, and the result was about to be fetched: it is dropped."""

    def collect(cursor: Any, key: int) -> None:
        cursor.execute(
            "UPDATE workflow_executions SET state = 'COLLECTING' WHERE id = %s", [key]
        )

    run, execution = race(run_at_amazon(target, "RUNNING", **SLOT), alice, collect)

    assert (run.state, run.reason) == CANCELLED
    assert execution.state == "CANCELLED"


@pytest.mark.django_db(transaction=True)
def test_the_collector_has_just_stored_the_result(
    committed_db: None, target: Target, alice: User
):
    def store(cursor: Any, key: int) -> None:
        cursor.execute(
            "UPDATE workflow_executions SET state = 'SUCCEEDED', ended_at = %s,"
            " uses_attempt = true, next_poll_at = NULL WHERE id = %s",
            [NOON, key],
        )

    run, _ = race(run_at_amazon(target, "COLLECTING", **SLOT), alice, store)
    settle(now=LATER)

    assert state_of(run) == ("SUCCEEDED", "")


@pytest.mark.django_db(transaction=True)
def test_admission_has_just_opened_an_execution(
    committed_db: None, target: Target, alice: User
):
    """The run's row is locked first: what is seen of it afterwards is true."""
    run = waiting_run(target, "capacity", **SLOT)
    with held_elsewhere(run) as cursor, meanwhile(lambda: cancel(run, alice)):
        cursor.execute(
            "INSERT INTO workflow_executions (mark, attempt, attempts_used,"
            " workflow_version_id, instance_id, account_id, connection_id, owner_id,"
            " state, created_at, next_poll_at, deadline_at)"
            " SELECT 'm', 1, 0, workflow_version_id, instance_id, account_id,"
            " connection_id, owner_id, 'SUBMITTING', %s, %s, %s"
            " FROM schedule_runs RETURNING id",
            [NOON, NOON, NOON + HOUR],
        )
        cursor.execute(
            "UPDATE schedule_runs SET state = 'RUNNING', reason = '',"
            " next_action_at = NULL, execution_id = %s",
            [cursor.fetchone()[0]],
        )
        cursor.db.commit()

    assert state_of(run) == CANCELLED
    assert execution_of(run).state == "NOT_SUBMITTED"


def test_a_second_attempt_is_the_one_that_is_cancelled(target: Target, alice: User):
    run = tried_run(target, **SLOT)
    make_execution(run, attempts_used=1)

    cancel(run, alice)

    attempts = WorkflowExecution.objects.order_by("attempt")
    assert list(attempts.values_list("state", "reason")) == [
        ("NOT_SUBMITTED", "not_connected"),
        ("NOT_SUBMITTED", "cancelled"),
    ]
