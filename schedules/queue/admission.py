"""Admission: who gets a free place at Amazon next. Opens executions (R8, E1).

The account's row lock is the gate: only admission adds executions, and only under
that lock; everything else frees places. No counter is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from instances.timing import times

ACCOUNTS_AT_A_TIME = 20
RUNS_PER_ACCOUNT = 10
# 200 places of an account, 10 a pass: a pass more finds none, so this only bounds.
MOST_PASSES = 50

# Accounts with runs whose turn has come, the longest unserved first.
LOCK_ACCOUNTS = """
SELECT a.id FROM amc_accounts a
 WHERE CASE WHEN %(account)s::bigint IS NULL
            THEN a.served_at IS NULL OR a.served_at < %(now)s
            ELSE a.id = %(account)s::bigint END
   AND EXISTS (SELECT 1 FROM schedule_runs r
                WHERE r.account_id = a.id AND r.state = 'WAITING'
                  AND r.reason IN ('capacity', 'throttled', 'retry')
                  AND r.next_action_at <= %(now)s)
   AND NOT EXISTS (SELECT 1 FROM lwa_application WHERE held_at IS NOT NULL)
 ORDER BY a.served_at NULLS FIRST, a.id
 LIMIT %(accounts)s
   FOR NO KEY UPDATE OF a SKIP LOCKED
"""

# Looks in a snapshot that is younger than the locks; chooses, moves and opens.
# `head` takes from each instance no more than its places, `turn` deals them out:
# live before backfill, one of each instance before the second of any. No attempt is
# older than the end of the one before it, however old the caller's `now`.
OPEN_EXECUTIONS = """
WITH busy AS (
  SELECT instance_id, count(*) AS n,
         count(*) FILTER (WHERE priority > 0) AS backfills
    FROM workflow_executions
   WHERE account_id = ANY (%(locked)s) AND state IN ('SUBMITTING', 'PENDING', 'RUNNING')
   GROUP BY 1),
room AS (
  SELECT i.id, a.id AS account_id, i.throttled_until,
         i.max_running - coalesce(b.n, 0) AS places,
         least(i.max_running - coalesce(b.n, 0),
               i.max_backfills - coalesce(b.backfills, 0)) AS backfill_places,
         a.max_running - sum(coalesce(b.n, 0)) OVER (PARTITION BY a.id)
           AS account_places
    FROM amc_accounts a
    JOIN amc_instances i ON i.account_id = a.id
    LEFT JOIN busy b ON b.instance_id = i.id
   WHERE a.id = ANY (%(locked)s)),
head AS MATERIALIZED (
  SELECT h.*, o.places, o.account_places
    FROM room o,
         LATERAL (VALUES (0, o.places), (1, o.backfill_places)) AS p(priority, places),
         LATERAL (
           SELECT r.id, r.account_id, r.instance_id, r.priority, r.next_action_at,
                  r.execution_id AS previous_id
             FROM schedule_runs r
            WHERE r.account_id = o.account_id AND r.instance_id = o.id
              AND r.priority = p.priority AND r.state = 'WAITING'
              AND r.reason IN ('capacity', 'throttled', 'retry')
              AND r.next_action_at <= %(now)s
              AND NOT EXISTS (
                    SELECT 1 FROM amc_connections c
                     WHERE c.id = r.connection_id
                       AND (c.held_at IS NOT NULL OR c.deleted_at IS NOT NULL))
            ORDER BY r.next_action_at, r.id
            LIMIT greatest(0, p.places)
              FOR UPDATE OF r SKIP LOCKED) h
   WHERE o.places > 0 AND o.account_places > 0
     AND (o.throttled_until IS NULL OR o.throttled_until <= %(now)s)),
turn AS (
  SELECT *, row_number() OVER (
              PARTITION BY account_id
              ORDER BY priority, in_instance, next_action_at, id) AS in_account
    FROM (SELECT *, row_number() OVER (
                      PARTITION BY instance_id
                      ORDER BY priority, next_action_at, id) AS in_instance
            FROM head) h
   WHERE in_instance <= places),
pick AS MATERIALIZED (
  SELECT *, nextval(pg_get_serial_sequence('workflow_executions', 'id')) AS new_id
    FROM turn WHERE in_account <= least(account_places, %(per_account)s)),
moved AS (
  UPDATE schedule_runs r
     SET state = 'RUNNING', reason = '', message = '', next_action_at = NULL,
         execution_id = p.new_id, started_at = coalesce(r.started_at, %(now)s)
    FROM pick p
   WHERE r.id = p.id AND r.state = 'WAITING'
  RETURNING r.*, p.previous_id),
opened AS (
  INSERT INTO workflow_executions (
    id, mark, retry_of_id, attempt, attempts_used,
    workflow_version_id, instance_id, account_id, connection_id, owner_id, priority,
    window_start, window_end, window_timezone, parameter_values, time_limit_seconds,
    state, created_at, next_poll_at, deadline_at)
  SELECT m.execution_id,
         %(installation)s || '-' || m.id || '-' || left(gen_random_uuid()::text, 8),
         m.previous_id, 1 + coalesce(e.attempt, 0),
         coalesce(e.attempts_used + e.uses_attempt::int, 0),
         m.workflow_version_id, m.instance_id, m.account_id, m.connection_id,
         m.owner_id, m.priority,
         m.window_start, m.window_end, m.window_timezone, m.parameter_values,
         m.time_limit_seconds,
         'SUBMITTING', greatest(%(now)s, e.ended_at), %(next_poll_at)s, %(deadline_at)s
    FROM moved m LEFT JOIN workflow_executions e ON e.id = m.previous_id)
SELECT execution_id, id FROM moved
 ORDER BY priority, execution_id
"""

# To the end of the line.
NOTE_SERVICE = "UPDATE amc_accounts SET served_at = %(now)s WHERE id = ANY (%(locked)s)"


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A run that got a place: its execution is open and waits to be submitted."""

    execution_id: int
    run_id: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """One call of `admit`: how many accounts it served, and whom it let in."""

    accounts: int
    admitted: tuple[Admitted, ...] = ()


def admit(*, now: datetime, account_id: int | None = None) -> list[Admitted]:
    """Fill free places of one account, or of the next ones in line.

    Passes over accounts and runs that others have locked: whoever locked them, or
    the next sweep, looks again. The caller tells the submitter, after the commit.
    """
    return list(_serve(now, account_id).admitted)


def pass_until_dry(*, now: datetime) -> list[Admitted]:
    """Serve every account once, again and again while a pass opened something.

    Each pass calls itself a microsecond later than the one before, since an account
    is served once per moment.
    """
    admitted: list[Admitted] = []
    for number in range(MOST_PASSES):
        opened = _pass(now + timedelta(microseconds=number))
        admitted += opened
        if not opened:
            break
    return admitted


def _pass(now: datetime) -> list[Admitted]:
    opened: list[Admitted] = []
    while (service := _serve(now, None)).accounts:
        opened += service.admitted
    return opened


@transaction.atomic
def _serve(now: datetime, account_id: int | None) -> Service:
    """One transaction: lock accounts, look and open, send them to the line's end."""
    with connection.cursor() as cursor:
        cursor.execute(
            LOCK_ACCOUNTS,
            {"now": now, "account": account_id, "accounts": ACCOUNTS_AT_A_TIME},
        )
        locked = [row[0] for row in cursor.fetchall()]
        if not locked:
            return Service(accounts=0)
        cursor.execute(OPEN_EXECUTIONS, _terms(locked, now))
        rows = cursor.fetchall()
        cursor.execute(NOTE_SERVICE, {"now": now, "locked": locked})
    return Service(
        accounts=len(locked),
        admitted=tuple(Admitted(execution_id=row[0], run_id=row[1]) for row in rows),
    )


def _terms(locked: list[int], now: datetime) -> dict[str, Any]:
    spans = times()
    return {
        "locked": locked,
        "now": now,
        "per_account": RUNS_PER_ACCOUNT,
        "installation": settings.INSTALLATION_ID,
        "next_poll_at": now + spans.submit_lease,
        "deadline_at": now + spans.unsent_longest,
    }
