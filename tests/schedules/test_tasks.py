"""What the tasks add to the functions that they call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from instances.models import Heartbeat, Instance
from schedules import tasks
from schedules.models import Run, Schedule, Target
from schedules.queue.locks import short_lock, target_lock
from tests.broker import Broker
from tests.makers import NOON, make_execution, make_instance, make_run, make_target
from tests.schedules.clock import stopped_clock

JUST_AFTER_NOON = NOON + timedelta(seconds=5)


@pytest.fixture(autouse=True)
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(JUST_AFTER_NOON):
        yield


@pytest.fixture(autouse=True)
def _amazon_is_away(settings: Settings) -> None:
    settings.AMAZON_URL = "http://127.0.0.1:1"


def test_a_tick_dispatches_sweeps_and_gives_a_sign_of_life(
    target: Target, broker: Broker
):
    second = make_target(target.schedule, make_instance(target.instance.account))
    forgotten = make_run(second, scheduled_for=NOON - timedelta(hours=1))

    tasks.tick()

    dispatched = Run.objects.get(target=target)
    assert {run_id for _, run_id in broker.waiting()} == {dispatched.pk, forgotten.pk}
    heartbeat = Heartbeat.objects.get(name="tick")
    assert heartbeat.at == JUST_AFTER_NOON
    assert heartbeat.facts["dispatch"]["runs"] == 2
    assert heartbeat.facts["sweep"]["hinted"] == 1
    assert heartbeat.facts["sweep"]["failed"] == []


def test_a_tick_leaves_the_work_to_one_that_is_under_way(schedule: Schedule):
    with short_lock("tick", lease=timedelta(seconds=30)):
        tasks.tick()

    assert not Run.objects.exists()
    assert not Heartbeat.objects.filter(name="tick").exists()


def test_a_run_that_gets_a_place_is_submitted_at_once(target: Target, broker: Broker):
    run = make_run(target)

    tasks.execute_run(run.pk)

    run.refresh_from_db()
    assert run.execution is not None
    assert (run.execution.state, run.execution.reason) == (
        "NOT_SUBMITTED",
        "not_connected",
    )
    assert broker.waiting() == []


def test_runs_that_got_a_place_beside_it_get_a_message(target: Target, broker: Broker):
    crowded = make_instance(target.instance.account, max_running=0)
    mine = make_run(make_target(target.schedule, crowded))
    other = make_run(target, state="WAITING", reason="capacity")

    tasks.execute_run(mine.pk)

    other.refresh_from_db()
    assert broker.waiting() == [
        ("workflows.tasks.submit_execution", other.execution_id)
    ]
    assert other.execution is not None
    assert other.execution.state == "SUBMITTING"


def test_a_run_is_left_alone_while_another_worker_is_at_its_target(target: Target):
    run = make_run(target)

    with target_lock(target.pk):
        tasks.execute_run(run.pk)

    run.refresh_from_db()
    assert run.state == "PENDING"


def test_a_message_for_a_run_that_is_gone_does_nothing(broker: Broker):
    tasks.execute_run(4_711)

    assert broker.waiting() == []


def test_ended_executions_are_settled(target: Target):
    run = make_run(target)
    make_execution(
        run,
        state="FAILED",
        reason="sql_invalid",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )

    tasks.settle_runs()

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "sql_invalid")
    assert run.finished_at == JUST_AFTER_NOON


def test_a_place_that_settling_freed_is_given_away_at_once(
    target: Target, broker: Broker
):
    Instance.objects.update(max_running=1)
    ended = make_run(target, scheduled_for=NOON - timedelta(hours=1))
    make_execution(
        ended,
        state="FAILED",
        reason="sql_invalid",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )
    next_in_line = make_run(
        target, trigger="manual", exclusive=False, state="WAITING", reason="capacity"
    )

    tasks.settle_runs()

    next_in_line.refresh_from_db()
    assert next_in_line.state == "RUNNING"
    assert broker.waiting() == [
        ("workflows.tasks.submit_execution", next_in_line.execution_id)
    ]
