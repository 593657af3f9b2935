"""Messages to Celery: many at once, and never in a web request's way."""

from __future__ import annotations

import pytest
from django.db import transaction

from instances import publishing
from instances.publishing import hurry, publish, queue_length
from schedules.task_names import EXECUTE_RUN
from tests.broker import (
    Broker,
    closing_port,
    no_broker,
    silent_port,
)


def test_each_run_gets_a_message_in_its_queue(broker: Broker):
    assert publish(EXECUTE_RUN, [7, 8]) == 2

    assert broker.waiting("work") == [(EXECUTE_RUN, 7), (EXECUTE_RUN, 8)]


def test_a_message_is_what_celery_itself_would_send(broker: Broker):
    with broker.app.connection_for_read() as connection:
        queue = connection.SimpleQueue("work")
        broker.app.send_task(EXECUTE_RUN, args=(7,), retry=False)
        publish(EXECUTE_RUN, [7])

        theirs, ours = queue.get(timeout=1), queue.get(timeout=1)

    own = {"id", "root_id"}
    assert ours.payload == theirs.payload
    assert {k: v for k, v in ours.headers.items() if k not in own} == {
        k: v for k, v in theirs.headers.items() if k not in own
    }
    assert ours.properties["correlation_id"] == ours.headers["id"]
    assert ours.headers["id"] == ours.headers["root_id"]


def test_messages_have_ids_of_their_own(broker: Broker):
    publish(EXECUTE_RUN, [7, 7])

    with broker.app.connection_for_read() as connection:
        queue = connection.SimpleQueue("work")
        assert queue.get().headers["id"] != queue.get().headers["id"]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("workflows.tasks.submit_execution", "work"),
        ("workflows.tasks.collect_result", "collect"),
        ("schedules.tasks.settle_runs", "control"),
    ],
)
def test_a_task_goes_to_its_own_queue(broker: Broker, task, queue):
    publish(task, [3])

    assert broker.waiting(queue) == [(task, 3)]


def test_more_messages_than_one_round_trip_takes_are_all_sent(broker: Broker):
    assert publish(EXECUTE_RUN, range(2_500)) == 2_500

    assert broker.waiting("work") == [(EXECUTE_RUN, n) for n in range(2_500)]


def test_nothing_to_send_is_sent(broker: Broker):
    assert publish(EXECUTE_RUN, []) == 0


def test_a_connection_that_was_cut_is_made_again(broker: Broker):
    publish(EXECUTE_RUN, [1])
    broker._redis.client_kill_filter(_type="normal", skipme=True)

    assert publish(EXECUTE_RUN, [2]) == 1


def test_publishing_stops_at_the_first_round_trip_that_fails(monkeypatch):
    with closing_port() as (port, calls):
        no_broker(monkeypatch, port)

        assert publish(EXECUTE_RUN, range(5_000)) == 0

    assert len(calls) == 1


def test_the_length_of_a_queue_is_what_waits_in_it(broker: Broker):
    publish(EXECUTE_RUN, [1, 2, 3])

    assert queue_length("work") == 3
    assert queue_length("collect") == 0


def test_a_broker_that_is_away_has_no_queue_length(monkeypatch):
    with closing_port() as (port, _):
        no_broker(monkeypatch, port)

        with pytest.raises(publishing.BROKER_IS_AWAY):
            queue_length("work")


@pytest.mark.django_db(transaction=True)
def test_a_hurried_message_is_sent_after_the_commit(broker: Broker):
    with transaction.atomic():
        hurry(EXECUTE_RUN, 5)
        assert broker.waiting("work") == []

    assert broker.waiting("work") == [(EXECUTE_RUN, 5)]


@pytest.mark.django_db(transaction=True)
def test_a_hurried_message_is_not_sent_after_a_rollback(broker: Broker):
    with transaction.atomic():
        hurry(EXECUTE_RUN, 5)
        transaction.set_rollback(True)

    assert broker.waiting("work") == []


@pytest.mark.django_db(transaction=True)
def test_a_frozen_broker_does_not_hold_up_who_hurries(monkeypatch):
    with silent_port() as port:
        no_broker(monkeypatch, port)
        monkeypatch.setitem(
            publishing.current_app.conf.broker_transport_options, "socket_timeout", 3600
        )

        hurry(EXECUTE_RUN, 5)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_stop_who_hurries(monkeypatch):
    with closing_port() as (port, calls):
        no_broker(monkeypatch, port)

        hurry(EXECUTE_RUN, 5)

    assert len(calls) == 1
