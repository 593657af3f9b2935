"""A pass of the dispatcher: everything due is claimed and handed to Celery."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import pytest

from instances.models import User
from schedules import dispatch
from schedules.dispatch import DispatchCounts, dispatch_due
from schedules.models import Run, Schedule, Target
from tests.broker import Broker, closing_port, no_broker
from tests.makers import (
    NOON,
    make_account,
    make_instance,
    make_run,
    make_schedule,
    make_workflow,
)
from tests.rivals import held_elsewhere, in_threads
from workflows.models import Workflow

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
JUST_AFTER_NOON = NOON + 5 * SECOND

pytestmark = pytest.mark.usefixtures("invariants_hold")


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims of one schedule each."""
    monkeypatch.setattr(dispatch, "MOST_SCHEDULES", 1)


def counts(**numbers: int) -> DispatchCounts:
    return DispatchCounts(**numbers)


def test_every_due_slot_becomes_a_run_with_its_message(
    schedule: Schedule, workflow: Workflow, broker: Broker
):
    make_schedule(workflow)
    make_schedule(workflow, next_run_at=NOON + MINUTE)

    done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(schedules=2, runs=2, pending=2, published=2)
    messages = [("schedules.tasks.execute_run", run.pk) for run in Run.objects.all()]
    assert sorted(broker.waiting()) == sorted(messages)


def test_only_runs_that_may_go_on_get_a_message(target: Target, broker: Broker):
    make_run(target, scheduled_for=NOON - HOUR)

    done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(schedules=1, runs=1)
    assert broker.waiting() == []


def test_when_nothing_is_due_one_query_says_so(
    schedule: Schedule, django_assert_num_queries
):
    with django_assert_num_queries(1):
        done = dispatch_due(NOON - SECOND)

    assert done == DispatchCounts()


@pytest.mark.usefixtures("one_by_one")
def test_accounts_are_served_in_turn(
    schedule: Schedule, workflow: Workflow, alice: User, broker: Broker
):
    make_schedule(workflow)
    make_schedule(workflow)
    elsewhere = make_instance(make_account(name="Small"))
    small = make_schedule(make_workflow(elsewhere, alice), next_run_at=NOON + SECOND)

    dispatch_due(JUST_AFTER_NOON)

    served = list(Run.objects.order_by("pk").values_list("schedule_id", flat=True))
    assert served.index(small.pk) == 1


def test_a_pass_begins_no_claim_after_its_budget(schedule: Schedule, broker: Broker):
    done = dispatch_due(JUST_AFTER_NOON, budget=timedelta(0))

    assert done == DispatchCounts()
    assert dispatch_due(JUST_AFTER_NOON, budget=HOUR).runs == 1


@pytest.mark.usefixtures("one_by_one")
def test_after_a_message_that_is_not_taken_no_more_are_tried(
    schedule: Schedule, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    make_schedule(workflow)
    with closing_port() as (port, calls):
        no_broker(monkeypatch, port)

        done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(schedules=2, runs=2, pending=2)
    assert Run.objects.filter(state="PENDING").count() == 2
    assert len(calls) == 1


def test_a_schedule_whose_rule_cannot_be_read_is_paused_and_says_why(
    schedule: Schedule, target: Target, workflow: Workflow, broker: Broker
):
    waiting = make_run(target, scheduled_for=NOON - HOUR)
    Schedule.objects.update(timezone="Mars/Olympus")
    sound = make_schedule(workflow)

    done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(schedules=1, runs=1, pending=1, published=1, paused=1)
    schedule.refresh_from_db()
    assert (schedule.is_active, schedule.pause_cause) == (False, "invalid")
    assert "Mars/Olympus" in schedule.pause_reason
    change = schedule.history.order_by("history_id").last()
    assert (change.origin, change.history_date) == ("system", JUST_AFTER_NOON)
    assert change.history_change_reason == schedule.pause_reason
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("SKIPPED", "schedule_paused")
    assert Run.objects.filter(schedule=sound).exists()


def test_a_schedule_that_cannot_be_claimed_stops_no_other(
    workflow: Workflow, alice: User, broker: Broker
):
    good = [make_schedule(workflow) for _ in range(4)]
    odd = make_schedule(make_workflow(workflow.instance, alice))
    odd.workflow.version = None
    odd.workflow.save()
    more = [make_schedule(workflow) for _ in range(3)]

    done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(schedules=7, runs=7, pending=7, published=7, failed=1)
    assert set(Run.objects.values_list("schedule_id", flat=True)) == {
        schedule.pk for schedule in good + more
    }
    odd.refresh_from_db()
    assert (odd.is_active, odd.next_run_at) == (True, NOON)


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_cannot_be_paused_stops_no_other(
    target: Target, workflow: Workflow, broker: Broker, impatient: None
):
    make_schedule(workflow)
    Schedule.objects.update(timezone="Mars/Olympus")

    with held_elsewhere(target):
        done = dispatch_due(JUST_AFTER_NOON)

    assert done == counts(paused=1)
    target.schedule.refresh_from_db()
    assert target.schedule.is_active


@pytest.mark.django_db(transaction=True)
def test_of_two_dispatchers_one_passes_over_what_the_other_holds(
    schedule: Schedule, workflow: Workflow, broker: Broker
):
    free = make_schedule(workflow)

    with held_elsewhere(schedule):
        first = dispatch_due(JUST_AFTER_NOON)
        assert list(Run.objects.values_list("schedule_id", flat=True)) == [free.pk]
    second = dispatch_due(JUST_AFTER_NOON)

    assert (first.runs, second.runs) == (1, 1)
    assert Run.objects.filter(schedule=schedule).count() == 1
    assert len(broker.waiting()) == 2


@pytest.mark.django_db(transaction=True)
def test_many_dispatchers_at_once_make_one_run_per_slot(
    workflow: Workflow, broker: Broker, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dispatch, "MOST_SCHEDULES", 3)
    schedules = [
        make_schedule(workflow, next_run_at=NOON - 2 * HOUR, missed_policy="all")
        for _ in range(12)
    ]

    passes = in_threads(4, lambda _: asdict(dispatch_due(JUST_AFTER_NOON)))

    assert sum(done["runs"] for done in passes) == 36
    assert sum(done["published"] for done in passes) == 12
    for schedule in schedules:
        slots = schedule.runs.order_by("scheduled_for")
        assert list(slots.values_list("scheduled_for", flat=True)) == [
            NOON - 2 * HOUR,
            NOON - HOUR,
            NOON,
        ]
    assert not Schedule.objects.due(now=JUST_AFTER_NOON).exists()
