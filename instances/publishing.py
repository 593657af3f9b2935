"""Handing work to Celery. A message is a hint: what must happen stands in the rows.

Nothing here tries twice or raises for a broker that is away; the sweep sends again
what did not arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

import structlog
from celery import current_app
from django.db import transaction
from kombu import Producer
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

BROKER_IS_AWAY = (KombuError, RedisError, OSError)

MESSAGES_PER_ROUND_TRIP = 1_000
# One try to connect, and for each command then. A web request waits less.
PATIENT = {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
HURRIED = {"socket_connect_timeout": 0.15, "socket_timeout": 0.15, "max_retries": 0}


def publish(task_name: str, ids: Sequence[int]) -> int:
    """Send one message per id, many per round trip; how many were handed over.

    Stops at the first round trip that fails, and logs it. Its messages may have
    arrived all the same.
    """
    sent = 0
    if not ids:
        return sent
    try:
        with current_app.producer_pool.acquire(block=True, timeout=1) as producer:
            for start in range(0, len(ids), MESSAGES_PER_ROUND_TRIP):
                some = ids[start : start + MESSAGES_PER_ROUND_TRIP]
                _send(producer, task_name, some)
                sent += len(some)
    except BROKER_IS_AWAY as error:
        log.warning("messages not sent", task=task_name, of=len(ids), error=str(error))
    return sent


def hurry(task_name: str, *row_ids: int) -> None:
    """Send messages after the commit, if the broker takes them within half a second.

    For web requests, which never wait for the broker: without the messages the next
    tick finds the rows. All go in one round trip. Never raises.
    """
    if row_ids:
        transaction.on_commit(partial(_hurry, task_name, row_ids), robust=True)


def queue_length(queue: str) -> int:
    """How many messages wait in a queue. Raises one of BROKER_IS_AWAY."""
    with current_app.connection_for_read(transport_options=PATIENT) as connection:
        channel = connection.default_channel
        return int(channel.client.llen(queue))  # type: ignore[attr-defined]  # of Redis


def _hurry(task_name: str, row_ids: Sequence[int]) -> None:
    try:
        with current_app.connection_for_write(transport_options=HURRIED) as connection:
            producer = current_app.amqp.Producer(connection, auto_declare=False)
            _send(producer, task_name, row_ids)
    except BROKER_IS_AWAY as error:
        log.info("messages not sent", task=task_name, ids=row_ids, error=str(error))


def _send(producer: Producer, task_name: str, ids: Sequence[int]) -> None:
    """One round trip. Celery makes the first message; the others differ in the id.

    That costs a fourth of what `apply_async` does.
    """
    route = current_app.amqp.router.route({}, task_name)
    form = current_app.amqp.create_task_message("", task_name, (0,), {})
    with producer.batch(max_size=len(ids)):  # type: ignore[attr-defined]  # stubs are older
        for row_id in ids:
            message_id = str(uuid4())
            producer.publish(
                ((row_id,), *form.body[1:]),
                routing_key=route["queue"].name,
                serializer=current_app.conf.task_serializer,
                headers={
                    **form.headers,
                    "id": message_id,
                    "root_id": message_id,
                    "argsrepr": f"({row_id},)",
                },
                **{**form.properties, "correlation_id": message_id},
            )
