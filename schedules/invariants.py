"""What must hold in the database at every moment. Each query returns no row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

# Names as people read them, with the query for what breaks them. A row is shown as
# it is returned: its first column names the kind of row where there are two.
INVARIANTS: Mapping[str, str] = {
    "I1 one run per slot": """
SELECT 'target', target_id, scheduled_for FROM schedule_runs
 WHERE trigger = 'schedule'
 GROUP BY target_id, scheduled_for HAVING count(*) > 1
""",
    "I2 a RUNNING run has an execution that is open, or ended just now": """
SELECT 'run', r.id FROM schedule_runs r
  LEFT JOIN workflow_executions e ON e.id = r.execution_id
 WHERE r.state = 'RUNNING'
   AND (e.id IS NULL OR e.ended_at < %(now)s - interval '2 minutes')
UNION ALL
SELECT 'execution', e.id FROM workflow_executions e
 WHERE e.ended_at IS NULL AND NOT EXISTS (
         SELECT 1 FROM schedule_runs r
          WHERE r.execution_id = e.id AND r.state = 'RUNNING')
""",
    "I3 attempts are a chain, no longer than allowed": """
SELECT 'execution', e.id FROM workflow_executions e
  LEFT JOIN workflow_executions p ON p.id = e.retry_of_id
 WHERE (e.retry_of_id IS NULL OR p.id IS NOT NULL)
   AND (e.attempt <> 1 + coalesce(p.attempt, 0)
        OR e.attempts_used <> coalesce(p.attempts_used + p.uses_attempt::int, 0)
        OR p.ended_at > e.created_at)
UNION ALL
SELECT 'run', r.id FROM schedule_runs r
  JOIN workflow_executions e ON e.id = r.execution_id
 WHERE e.attempts_used + coalesce(e.uses_attempt, false)::int > r.max_attempts
""",
    "I4 nothing is stuck": """
SELECT 'run', id FROM schedule_runs
 WHERE state IN ('PENDING', 'WAITING')
   AND (give_up_at < %(now)s - interval '5 minutes'
        OR (state = 'PENDING' OR reason = 'overlap')
           AND next_action_at < %(now)s - interval '5 minutes')
UNION ALL
SELECT 'execution', id FROM workflow_executions
 WHERE ended_at IS NULL
   AND (next_poll_at < %(now)s - interval '10 minutes'
        OR deadline_at < %(now)s - interval '20 minutes')
""",
    "I5 no instance and no account runs more than it may": """
SELECT 'instance', i.id FROM amc_instances i
  JOIN workflow_executions e
    ON e.instance_id = i.id AND e.state IN ('SUBMITTING', 'PENDING', 'RUNNING')
 GROUP BY i.id HAVING count(*) > i.max_running
UNION ALL
SELECT 'account', a.id FROM amc_accounts a
  JOIN workflow_executions e
    ON e.account_id = a.id AND e.state IN ('SUBMITTING', 'PENDING', 'RUNNING')
 GROUP BY a.id HAVING count(*) > a.max_running
""",
    "I6 one active exclusive run per target": """
SELECT 'target', target_id FROM schedule_runs
 WHERE exclusive
   AND (state = 'RUNNING'
        OR state = 'WAITING' AND reason IN ('capacity', 'throttled', 'retry'))
 GROUP BY target_id HAVING count(*) > 1
""",
    "I7 no run of a slot waits on what is paused or deleted": """
SELECT 'run', r.id FROM schedule_runs r
  JOIN schedule_targets t ON t.id = r.target_id
  JOIN workflow_schedules s ON s.id = r.schedule_id
 WHERE r.state IN ('PENDING', 'WAITING') AND r.trigger = 'schedule'
   AND (t.paused_at IS NOT NULL OR NOT s.is_active
        OR t.deleted_at IS NOT NULL OR s.deleted_at IS NOT NULL)
""",
    "I8 a run succeeded because its execution did": """
SELECT 'run', r.id FROM schedule_runs r
  LEFT JOIN workflow_executions e ON e.id = r.execution_id
 WHERE r.state = 'SUCCEEDED' AND e.state IS DISTINCT FROM 'SUCCEEDED'
""",
    "I9 failures in a row are what a recount says": """
SELECT 'target', t.id FROM schedule_targets t
 WHERE t.consecutive_failures <> (
   SELECT count(*) FROM schedule_runs r
    WHERE r.target_id = t.id AND r.trigger IN ('schedule', 'retry')
      AND r.state = 'FAILED' AND r.counts_failure
      AND r.created_at >= t.counting_from
      AND r.finished_at > coalesce(
            (SELECT max(s.finished_at) FROM schedule_runs s
              WHERE s.target_id = t.id AND s.trigger IN ('schedule', 'retry')
                AND s.state = 'SUCCEEDED' AND s.created_at >= t.counting_from),
            '-infinity'))
""",
    "I10 what runs beside its run at Amazon is ended within minutes": """
SELECT 'stray', x.id FROM amc_strays x
  JOIN workflow_executions e ON e.id = x.execution_id
  JOIN amc_connections c ON c.id = e.connection_id
 WHERE x.ended_at IS NULL AND c.held_at IS NULL AND c.deleted_at IS NULL
   AND x.found_at < %(now)s - interval '10 minutes'
""",
}

# Only where somebody can say what is at Amazon: a test that has the sandbox's ledger.
UNKNOWN_AT_AMAZON = """
SELECT l.instance_id, l.amc_execution_id
  FROM unnest(%(instances)s::bigint[], %(executions)s::text[])
       AS l(instance_id, amc_execution_id)
 WHERE NOT EXISTS (SELECT 1 FROM workflow_executions e
                    WHERE e.instance_id = l.instance_id
                      AND e.amc_execution_id = l.amc_execution_id)
   AND NOT EXISTS (SELECT 1 FROM amc_strays x
                    WHERE x.instance_id = l.instance_id
                      AND x.amc_execution_id = l.amc_execution_id)
"""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A row that breaks an invariant: what kind of row, and its id."""

    invariant: str
    kind: str
    id: int


def breaches(*, now: datetime) -> list[Breach]:
    """Everything that breaks an invariant; nothing, while all is well."""
    found: list[Breach] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")  # the whole history
        for name, query in INVARIANTS.items():
            cursor.execute(query, {"now": now})
            found += [
                Breach(invariant=name, kind=row[0], id=row[1])
                for row in cursor.fetchall()
            ]
    return found


def unknown_at_amazon(ledger: Collection[tuple[int, str]]) -> list[tuple[int, str]]:
    """I11: executions at Amazon, as (instance's key, AMC's id), that no row knows."""
    terms: dict[str, Any] = {
        "instances": [instance_id for instance_id, _ in ledger],
        "executions": [amc_id for _, amc_id in ledger],
    }
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN_AT_AMAZON, terms)
        return [(row[0], row[1]) for row in cursor.fetchall()]
