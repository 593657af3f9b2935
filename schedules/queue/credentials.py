"""Runs that wait for a credential: holding what is queued (R6), releasing (R7).

Both look at rows, never at the event of a refusal or a reconnect: events get lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from instances.holds import is_application_held
from instances.models import Connection
from instances.timing import times

RUNS_AT_A_TIME = 5_000
TARGETS_AT_A_TIME = 500
MOST_BATCHES = 20

HOLD_QUEUED = """
WITH stuck AS MATERIALIZED (
  SELECT r.id FROM schedule_runs r
   WHERE r.state = 'WAITING' AND r.reason IN ('capacity', 'throttled', 'retry')
     AND (%(all)s OR r.connection_id = ANY (ARRAY(
            SELECT c.id FROM amc_connections c
             WHERE c.held_at IS NOT NULL OR c.deleted_at IS NOT NULL)))
   ORDER BY r.id LIMIT %(runs)s
     FOR NO KEY UPDATE OF r SKIP LOCKED)
UPDATE schedule_runs r
   SET reason = 'credential', next_action_at = %(now)s, give_up_at = %(give_up_at)s
  FROM stuck
 WHERE r.id = stuck.id AND r.state = 'WAITING'
   AND r.reason IN ('capacity', 'throttled', 'retry')
"""

# The connection is read anew: its schedule's, else of its owner's those that list the
# account, a usable one before a held one. Runs of slots that asked Amazon nothing
# follow their schedule's missed policy; under `all` they then go one after another,
# whatever the overlap policy.
RELEASE = """
WITH asking AS (
  SELECT r.target_id, r.schedule_id, min(r.account_id) AS account_id,
         CASE WHEN r.target_id IS NULL THEN r.id END AS run_id,
         CASE WHEN r.schedule_id IS NULL THEN r.owner_id END AS owner_id
    FROM schedule_runs r
   WHERE r.state = 'WAITING' AND r.reason = 'credential' AND r.give_up_at IS NOT NULL
   GROUP BY 1, 2, 4, 5),
ready AS MATERIALIZED (
  SELECT a.target_id, a.run_id, c.id AS connection_id, s.missed_policy, s.catch_up_limit
    FROM asking a
    LEFT JOIN workflow_schedules s ON s.id = a.schedule_id
    LEFT JOIN amc_connections own ON own.id = s.connection_id AND own.deleted_at IS NULL
   CROSS JOIN LATERAL (
     SELECT c.id, c.held_at FROM amc_connections c
      WHERE (c.id = own.id
             OR own.id IS NULL AND c.owner_id = coalesce(s.owner_id, a.owner_id))
        AND c.deleted_at IS NULL
      ORDER BY EXISTS (SELECT 1 FROM amc_connection_accounts l
                        WHERE l.connection_id = c.id AND l.account_id = a.account_id)
               DESC, c.held_at IS NOT NULL, c.id
      LIMIT 1) c
   WHERE c.held_at IS NULL
   LIMIT %(targets)s),
waiting AS (
  SELECT r.id, r.target_id, r.scheduled_for, w.connection_id,
         w.missed_policy, w.catch_up_limit,
         r.trigger = 'schedule' AND r.execution_id IS NULL AS has_policy
    FROM ready w JOIN schedule_runs r ON r.target_id = w.target_id
   WHERE r.state = 'WAITING' AND r.reason = 'credential'
  UNION ALL
  SELECT r.id, NULL, r.scheduled_for, w.connection_id, NULL, NULL, false
    FROM ready w JOIN schedule_runs r ON r.id = w.run_id
   WHERE r.state = 'WAITING' AND r.reason = 'credential'),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY target_id, has_policy
                               ORDER BY scheduled_for DESC, id DESC) AS newest,
         least(count(*) OVER (PARTITION BY target_id, has_policy),
               CASE missed_policy WHEN 'all' THEN catch_up_limit
                                  WHEN 'latest' THEN 1 ELSE 0 END) AS kept
    FROM waiting),
fate AS MATERIALIZED (
  SELECT id, connection_id, has_policy AND kept > 1 AS in_turn,
         CASE WHEN NOT has_policy OR newest = kept THEN 'PENDING'
              WHEN newest < kept THEN 'WAITING'
              ELSE 'SKIPPED' END AS state
    FROM ranked)
UPDATE schedule_runs r
   SET state = f.state,
       reason = CASE f.state WHEN 'PENDING' THEN ''
                             WHEN 'WAITING' THEN 'overlap' ELSE 'missed' END,
       connection_id = f.connection_id,
       exclusive = r.exclusive OR f.in_turn,
       next_action_at = CASE f.state WHEN 'PENDING' THEN %(now)s
                                     WHEN 'WAITING' THEN %(look_at)s END,
       give_up_at = CASE f.state WHEN 'WAITING' THEN %(give_up_at)s END,
       finished_at = CASE f.state WHEN 'SKIPPED' THEN %(now)s END
  FROM fate f
 WHERE r.id = f.id AND r.state = 'WAITING' AND r.reason = 'credential'
"""


def is_usable(candidate: Connection | None) -> bool:
    """Whether runs may be sent with this connection, as it was read."""
    return (
        candidate is not None
        and candidate.held_at is None
        and candidate.deleted_at is None
        and not is_application_held()
    )


def hold_queued(*, now: datetime) -> int:
    """R6: take out of the queue what cannot be sent for want of a credential."""
    terms = {
        "all": is_application_held(),
        "runs": RUNS_AT_A_TIME,
        "now": now,
        "give_up_at": now + times().credential,
    }
    return _until_done(HOLD_QUEUED, terms)


def release(*, now: datetime) -> int:
    """R7: let go on what waits for a credential that is there again."""
    if is_application_held():
        return 0
    terms = {
        "targets": TARGETS_AT_A_TIME,
        "now": now,
        "look_at": now + times().overlap_look,
        "give_up_at": now + times().overlap,
    }
    return _until_done(RELEASE, terms)


def _until_done(statement: str, terms: dict[str, Any]) -> int:
    """Repeat a statement of limited size, each a transaction; count the moved."""
    moved = 0
    for _ in range(MOST_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(statement, terms)
            batch = cursor.rowcount
        moved += batch
        if not batch:
            break
    return moved
