"""Messages for results that may be fetched. A hint only: the rows say what must be."""

from __future__ import annotations

from datetime import datetime

import structlog

from instances.publishing import BROKER_IS_AWAY, publish, queue_length
from workflows.results.leases import is_anything_to_collect, to_be_collected

log = structlog.get_logger(__name__)

COLLECT_RESULT = "workflows.tasks.collect_result"
COLLECT_QUEUE = "collect"
MOST_WAITING = 100
"""Messages that may wait for a collector; more would only say the same twice."""


def send_for_results(*, now: datetime) -> int:
    """One message for each result whose time has come, as far as there is room."""
    if not is_anything_to_collect(now=now):
        return 0
    try:
        room = max(0, MOST_WAITING - queue_length(COLLECT_QUEUE))
    except BROKER_IS_AWAY as error:
        log.warning("no hints sent", task=COLLECT_RESULT, error=str(error))
        return 0
    return publish(COLLECT_RESULT, to_be_collected(now=now, limit=room))
