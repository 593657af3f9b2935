"""Messages that had no effect are sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from instances.publishing import publish
from schedules.models import Run, Target
from schedules.queue.hints import hint_again
from schedules.task_names import EXECUTE_RUN, SUBMIT_EXECUTION
from tests.broker import no_broker
from tests.makers import NOON, make_execution, make_run
from workflows.models import WorkflowExecution

pytestmark = pytest.mark.usefixtures("invariants_hold")

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def pending(target: Target, due: datetime, **changes) -> Run:
    number = Run.objects.count()
    return make_run(
        target, scheduled_for=NOON + number * HOUR, next_action_at=due, **changes
    )


def unsent(target: Target, due: datetime) -> WorkflowExecution:
    number = Run.objects.count()
    run = make_run(target, scheduled_for=NOON + number * HOUR, exclusive=False)
    return make_execution(run, next_poll_at=due)


def test_a_lost_message_is_sent_again(target: Target, broker):
    run = pending(target, NOON)

    assert hint_again(now=NOON) == 1

    run.refresh_from_db()
    assert broker.waiting() == [(EXECUTE_RUN, run.pk)]
    assert run.next_action_at == NOON + MINUTE


def test_a_hint_is_sent_once_a_minute(target: Target, broker):
    pending(target, NOON)
    hint_again(now=NOON)

    assert hint_again(now=NOON + 59 * SECOND) == 0
    assert hint_again(now=NOON + MINUTE) == 1


def test_a_run_that_waits_for_another_is_looked_at_again(target: Target, broker):
    run = pending(
        target, NOON, state="WAITING", reason="overlap", give_up_at=NOON + HOUR
    )

    hint_again(now=NOON)

    assert broker.waiting() == [(EXECUTE_RUN, run.pk)]


def test_an_execution_that_nobody_submits_is_hinted(target: Target, broker):
    execution = unsent(target, NOON)

    hint_again(now=NOON)

    execution.refresh_from_db()
    assert broker.waiting() == [(SUBMIT_EXECUTION, execution.pk)]
    assert execution.next_poll_at == NOON + MINUTE


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "WAITING", "reason": "capacity"},
        {"state": "WAITING", "reason": "credential", "give_up_at": NOON + HOUR},
    ],
)
def test_runs_that_others_move_get_no_hint(target: Target, broker, changes):
    pending(target, NOON - HOUR, **changes)

    assert hint_again(now=NOON) == 0


def test_an_execution_that_was_sent_gets_no_hint(target: Target, broker):
    execution = unsent(target, NOON)
    WorkflowExecution.objects.filter(pk=execution.pk).update(sending_at=NOON)

    assert hint_again(now=NOON) == 0


def test_the_oldest_of_both_kinds_come_first(target: Target, broker, monkeypatch):
    monkeypatch.setattr("schedules.queue.hints.MOST_HINTS", 3)
    first = pending(target, NOON - 4 * SECOND)
    second = unsent(target, NOON - 3 * SECOND)
    third = pending(target, NOON - 2 * SECOND)
    pending(target, NOON - SECOND)
    unsent(target, NOON)

    assert hint_again(now=NOON) == 3

    assert broker.waiting() == [
        (SUBMIT_EXECUTION, second.pk),
        (EXECUTE_RUN, first.pk),
        (EXECUTE_RUN, third.pk),
    ]


def test_none_are_sent_while_the_queue_is_long(target: Target, broker):
    run = pending(target, NOON)
    publish(EXECUTE_RUN, range(1001))

    assert hint_again(now=NOON) == 0

    run.refresh_from_db()
    assert run.next_action_at == NOON


def test_a_broker_that_is_away_costs_no_minute(target: Target, monkeypatch):
    run = pending(target, NOON)
    no_broker(monkeypatch, port=1)

    assert hint_again(now=NOON) == 0

    run.refresh_from_db()
    assert run.next_action_at == NOON
