"""Messages for results that may be fetched. A hint only: the rows say what must be."""

from __future__ import annotations

from datetime import datetime

import structlog
from celery import current_app
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from workflows.results.leases import is_anything_to_collect, to_be_collected

log = structlog.get_logger(__name__)

COLLECT_RESULT = "workflows.tasks.collect_result"
COLLECT_QUEUE = "collect"
MOST_WAITING = 100
"""Messages that may wait for a collector; more would only say the same twice."""

_BROKER_IS_AWAY = (KombuError, RedisError, OSError)


def send_for_results(*, now: datetime) -> int:
    """One message for each result whose time has come, as far as there is room."""
    if not is_anything_to_collect(now=now):
        return 0
    sent = 0
    try:
        room = max(0, MOST_WAITING - _waiting())
        for execution_id in to_be_collected(now=now, limit=room):
            current_app.send_task(COLLECT_RESULT, (execution_id,), retry=False)
            sent += 1
    except _BROKER_IS_AWAY as error:
        log.warning("messages not sent", task=COLLECT_RESULT, error=str(error))
    return sent


def _waiting() -> int:
    with current_app.connection_for_read() as broker:
        channel = broker.default_channel
        return int(channel.client.llen(COLLECT_QUEUE))  # type: ignore[attr-defined]  # of Redis
