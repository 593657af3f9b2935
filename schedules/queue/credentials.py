"""Runs that wait for a credential: holding what is queued (R6), releasing (R7).

Both look at rows, never at the event of a refusal or a reconnect: events get lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from instances.default_connections import DefaultConnections
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

# Who waits: the connection its schedule chose, its owner, its account.
ASKERS = """
SELECT DISTINCT s.connection_id, coalesce(s.owner_id, r.owner_id), r.account_id
  FROM schedule_runs r LEFT JOIN workflow_schedules s ON s.id = r.schedule_id
 WHERE r.state = 'WAITING' AND r.reason = 'credential' AND r.give_up_at IS NOT NULL
"""

# Runs of slots that asked Amazon nothing follow their schedule's missed policy; under
# `all` they then go one after another, whatever the overlap policy.
RELEASE = """
WITH waiting AS (
  SELECT r.id, coalesce(r.target_id, -r.id) AS line, r.scheduled_for,
         a.answer AS connection_id, s.missed_policy, s.catch_up_limit,
         r.trigger = 'schedule' AND r.execution_id IS NULL AS has_policy
    FROM schedule_runs r
    LEFT JOIN workflow_schedules s ON s.id = r.schedule_id
    JOIN unnest(%(chosen)s::bigint[], %(owners)s::bigint[], %(accounts)s::bigint[],
                %(answers)s::bigint[]) AS a(chosen, owner_id, account_id, answer)
      ON a.chosen IS NOT DISTINCT FROM s.connection_id
     AND a.owner_id = coalesce(s.owner_id, r.owner_id) AND a.account_id = r.account_id
   WHERE r.state = 'WAITING' AND r.reason = 'credential' AND r.give_up_at IS NOT NULL),
ranked AS (
  SELECT *, dense_rank() OVER (ORDER BY line) AS place,
         row_number() OVER (PARTITION BY line, has_policy
                            ORDER BY scheduled_for DESC, id DESC) AS newest,
         least(count(*) OVER (PARTITION BY line, has_policy),
               CASE missed_policy WHEN 'all' THEN catch_up_limit
                                  WHEN 'latest' THEN 1 ELSE 0 END) AS kept
    FROM waiting),
fate AS MATERIALIZED (
  SELECT id, connection_id, has_policy AND kept > 1 AS in_turn,
         CASE WHEN NOT has_policy OR newest = kept THEN 'PENDING'
              WHEN newest < kept THEN 'WAITING'
              ELSE 'SKIPPED' END AS state
    FROM ranked WHERE place <= %(targets)s),
free AS MATERIALIZED (
  SELECT r.id FROM schedule_runs r WHERE r.id IN (SELECT id FROM fate)
     FOR NO KEY UPDATE SKIP LOCKED)
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
  FROM fate f JOIN free USING (id)
 WHERE r.id = f.id AND r.state = 'WAITING' AND r.reason = 'credential'
"""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Runs that would use the same connection: they wait for the same."""

    connection_id: int | None
    owner_id: int
    account_id: int


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
    answers = _answers()
    terms = {
        "chosen": [waiting.connection_id for waiting in answers],
        "owners": [waiting.owner_id for waiting in answers],
        "accounts": [waiting.account_id for waiting in answers],
        "answers": list(answers.values()),
        "targets": TARGETS_AT_A_TIME,
        "now": now,
        "look_at": now + times().overlap_look,
        "give_up_at": now + times().overlap,
    }
    return _until_done(RELEASE, terms) if answers else 0


def _answers() -> dict[Waiting, int]:
    """The connections that may be used now by some of those who wait."""
    with connection.cursor() as cursor:
        cursor.execute(ASKERS)
        askers = [
            Waiting(connection_id=row[0], owner_id=row[1], account_id=row[2])
            for row in cursor.fetchall()
        ]
    if not askers:
        return {}
    usable = DefaultConnections(askers).usable_id
    found = {waiting: usable(waiting, waiting.account_id) for waiting in askers}
    return {waiting: answer for waiting, answer in found.items() if answer}


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
