"""Hints again: messages that had no effect are sent once more.

A message is only a hint that a row wants looking at: it can be lost, or come too
early. The row says when it is sent again.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import connection

from instances.publishing import BROKER_IS_AWAY, publish, queue_length
from instances.timing import times
from schedules.task_names import EXECUTE_RUN, SUBMIT_EXECUTION

log = structlog.get_logger(__name__)

MOST_HINTS = 1_000
# No more hints while the queue holds so many messages: they are on their way.
LONG_QUEUE = 1_000

# The oldest of both kinds. Each row is claimed by moving its next hint.
CLAIM_HINTS = """
WITH due AS MATERIALIZED (
  SELECT * FROM (
    (SELECT 'run' AS kind, r.id, r.next_action_at AS due_at FROM schedule_runs r
      WHERE (r.state = 'PENDING' OR r.state = 'WAITING' AND r.reason = 'overlap')
        AND r.next_action_at <= %(now)s
      ORDER BY r.next_action_at LIMIT %(most)s)
    UNION ALL
    (SELECT 'execution', e.id, e.next_poll_at FROM workflow_executions e
      WHERE e.state = 'SUBMITTING' AND e.sending_at IS NULL
        AND e.next_poll_at <= %(now)s
      ORDER BY e.next_poll_at LIMIT %(most)s)) both_kinds
   ORDER BY due_at LIMIT %(most)s),
free_runs AS MATERIALIZED (
  SELECT r.id FROM schedule_runs r
   WHERE r.id IN (SELECT id FROM due WHERE kind = 'run')
     FOR NO KEY UPDATE SKIP LOCKED),
free_executions AS MATERIALIZED (
  SELECT e.id FROM workflow_executions e
   WHERE e.id IN (SELECT id FROM due WHERE kind = 'execution')
     FOR NO KEY UPDATE SKIP LOCKED),
runs AS (
  UPDATE schedule_runs r SET next_action_at = %(again)s
   WHERE r.id IN (SELECT id FROM free_runs) AND r.next_action_at <= %(now)s
     AND (r.state = 'PENDING' OR r.state = 'WAITING' AND r.reason = 'overlap')
  RETURNING r.id),
executions AS (
  UPDATE workflow_executions e SET next_poll_at = %(again)s
   WHERE e.id IN (SELECT id FROM free_executions) AND e.next_poll_at <= %(now)s
     AND e.state = 'SUBMITTING' AND e.sending_at IS NULL
  RETURNING e.id)
SELECT ARRAY(SELECT id FROM runs ORDER BY id),
       ARRAY(SELECT id FROM executions ORDER BY id)
"""


def hint_again(*, now: datetime) -> int:
    """Send the messages whose time has come again; count them."""
    if not _is_worth_it():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM_HINTS,
            {"now": now, "again": now + times().hint_again, "most": MOST_HINTS},
        )
        runs, executions = cursor.fetchone()
    publish(SUBMIT_EXECUTION, executions)
    publish(EXECUTE_RUN, runs)
    return len(runs) + len(executions)


def _is_worth_it() -> bool:
    """Not while the broker is away, nor while enough messages are on their way."""
    try:
        return queue_length("work") <= LONG_QUEUE
    except BROKER_IS_AWAY as error:
        log.warning("no hints sent", error=str(error))
        return False
