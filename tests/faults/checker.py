"""What must hold after every fault: slots, invariants, Amazon's ledger, secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from schedules.invariants import INVARIANTS
from tests.amc.server import Amc
from tests.faults.evaluator import slots

# Beside the product's own: what only a test can afford to ask.
MORE_INVARIANTS: Mapping[str, str] = {
    "a run's account is its instance's and its execution's": """
SELECT r.id FROM schedule_runs r
  JOIN amc_instances i ON i.id = r.instance_id
  LEFT JOIN workflow_executions e ON e.id = r.execution_id
 WHERE r.account_id IS DISTINCT FROM i.account_id
    OR e.id IS NOT NULL AND (e.account_id IS DISTINCT FROM r.account_id
                             OR e.instance_id <> r.instance_id)
""",
    "history is a chain": """
SELECT run_id FROM (
  SELECT run_id, from_state, lag(to_state) OVER (PARTITION BY run_id ORDER BY id) AS p
    FROM run_events) moves
 WHERE p IS NOT NULL AND from_state <> p
""",
    "the last event is the present state": """
SELECT r.id FROM schedule_runs r
  JOIN LATERAL (SELECT to_state FROM run_events v WHERE v.run_id = r.id
                 ORDER BY id DESC LIMIT 1) l ON true
 WHERE l.to_state <> r.state
""",
    "active schedules know when they are due (I10)": """
SELECT id FROM workflow_schedules WHERE is_active AND next_run_at IS NULL
""",
    "what ended well has a result, and nothing else has": """
SELECT e.id FROM workflow_executions e LEFT JOIN execution_results x
    ON x.execution_id = e.id
 WHERE (e.state = 'SUCCEEDED') <> (x.id IS NOT NULL)
""",
}
# These may not break for a moment, fault or not.
ALWAYS = tuple(
    name for name in INVARIANTS if name.startswith(("I1 ", "I5 ", "I6 ", "I8 "))
)
OVERDUE = """
SELECT count(*) FROM workflow_schedules
 WHERE is_active AND next_run_at < amc_now() - interval '60 seconds'
"""
HALT = """
UPDATE workflow_schedules s SET next_run_at = '2099-01-01+00'
  FROM (SELECT id, next_run_at FROM workflow_schedules WHERE is_active
          AND next_run_at < '2099-01-01+00' FOR NO KEY UPDATE) o
 WHERE s.id = o.id RETURNING s.id, s.cron_expression, s.timezone, o.next_run_at
"""
ROWS = """
SELECT target_id, scheduled_for, covers_from, state, reason, created_at
  FROM schedule_runs WHERE trigger = 'schedule' ORDER BY target_id, scheduled_for
"""
TARGETS = "SELECT id, schedule_id FROM schedule_targets ORDER BY id"
# A change and a tick that cross: whoever gets the schedule's lock first is right.
DOUBT = timedelta(seconds=20)
SECRETS = ("Atza|", "Atzr|", "sandbox-secret", "X-Amz-Signature=")


@dataclass(frozen=True, kw_only=True)
class Era:
    """A rule, and the time in which it held: slots from `first` on, before `end`."""

    cron: str
    timezone: str
    first: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is expected of a schedule. Near a `moment` of change both ways are right."""

    eras: tuple[Era, ...]
    moments: tuple[datetime, ...] = ()

    def is_doubtful(self, slot: datetime) -> bool:
        return any(abs(slot - moment) <= DOUBT for moment in self.moments)


class Database:
    """SQL past the product, on connections that live for one question."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, query: str, **terms: Any) -> list[dict[str, Any]]:
        with (
            psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as opened,
            opened.cursor() as cursor,
        ):
            cursor.execute(query.encode(), terms or None)
            return cursor.fetchall() if cursor.description else []

    def number(self, query: str, **terms: Any) -> int:
        (row,) = self.rows(query, **terms)
        return int(next(iter(row.values())))


def broken_invariants(database: Database, names: Iterable[str]) -> list[str]:
    """The names of those that return a row, with the first rows."""
    everything = {**INVARIANTS, **MORE_INVARIANTS}
    broken = []
    (clock,) = database.rows("SELECT amc_now() AS now")
    for name in names:
        query = everything[name].replace("%(now)s", "%(now)s::timestamptz")
        if name in INVARIANTS and "%(now)s" in query:
            found = database.rows(query, now=clock["now"])
        else:
            found = database.rows(query)
        if found:
            broken.append(f"{name}: {len(found)} rows, first {found[:3]}")
    return broken


def wrong_slots(
    database: Database, plans: Mapping[int, Plan]
) -> tuple[int, int, list[str]]:
    """How many slots were expected, how many rows were found, and what is wrong."""
    by_target: dict[int, list[dict[str, Any]]] = {}
    for row in database.rows(ROWS):
        by_target.setdefault(row["target_id"], []).append(row)
    expected_count = found_count = 0
    wrong: list[str] = []
    for target in database.rows(TARGETS):
        plan = plans[target["schedule_id"]]
        expected = [slot for era in plan.eras for slot in _slots_of(era)]
        rows = by_target.get(target["id"], [])
        expected_count += len(expected)
        found_count += len(rows)
        wrong += _compared(target["id"], expected, rows, plan)
    return expected_count, found_count, wrong


@cache
def _slots_of(era: Era) -> tuple[datetime, ...]:
    return tuple(slots(era.cron, era.timezone, era.first, era.end))


def _compared(
    target_id: int, expected: list[datetime], rows: list[dict[str, Any]], plan: Plan
) -> list[str]:
    """A row with `covers_from` stands for all slots from there up to its own."""
    found = Counter(row["scheduled_for"] for row in rows)
    spans = [
        (row["covers_from"], row["scheduled_for"]) for row in rows if row["covers_from"]
    ]

    def is_covered(slot: datetime) -> bool:
        return any(begin <= slot <= end for begin, end in spans)

    lacking = [slot for slot in expected if not found[slot] and not is_covered(slot)]
    surplus = sorted(set(found) - set(expected))
    wrong = [("lacks", slot) for slot in lacking] + [("has also", s) for s in surplus]
    doubled = [slot for slot, many in found.items() if many > 1]
    return [
        f"target {target_id} {what} {slot:%d %H:%M:%S}"
        for what, slot in wrong
        if not plan.is_doubtful(slot)
    ] + [f"target {target_id} has {slot:%d %H:%M} twice" for slot in doubled]


def whole_ledger(amc: Amc) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All requests and executions, over all pages."""
    requests: list[dict[str, Any]] = []
    executions: list[dict[str, Any]] = []
    since = executions_since = 0
    while True:
        page = amc.ledger(since=since, executions_since=executions_since)
        requests += page["requests"]
        executions += page["executions"]
        since = page["next_since"]
        executions_since = page["next_executions_since"]
        if not page["requests"] and not page["executions"]:
            return requests, executions


def wrong_at_amazon(database: Database, amc: Amc) -> tuple[int, list[str]]:
    """How many executions Amazon made, and what does not fit our rows."""
    requests, made = whole_ledger(amc)
    ours = {
        (row["instance"], row["amc_execution_id"]): row
        for row in database.rows(
            "SELECT e.id, e.mark, e.state, e.amc_execution_id, i.instance_id AS"
            " instance, x.row_count, r.id AS run_id FROM workflow_executions e"
            " JOIN amc_instances i ON i.id = e.instance_id"
            " LEFT JOIN execution_results x ON x.execution_id = e.id"
            " LEFT JOIN schedule_runs r ON r.execution_id = e.id"
            " WHERE e.amc_execution_id IS NOT NULL"
        )
    }
    strays = {
        (row["instance"], row["amc_execution_id"])
        for row in database.rows(
            "SELECT i.instance_id AS instance, x.amc_execution_id FROM amc_strays x"
            " JOIN amc_instances i ON i.id = x.instance_id"
        )
    }
    keys = {(each["instance"], each["id"]): each for each in made}
    wrong = [
        f"nobody knows {key}: {_row_of(database, each)}"
        for key, each in keys.items()
        if key not in ours.keys() | strays
    ]
    wrong += [f"Amazon does not know {key}" for key in ours if key not in keys]
    wrong += _doubled(made, requests)
    wrong += [
        f"still {each['status']} at Amazon: {each['mark']}"
        for each in made
        if each["status"] in ("PENDING", "RUNNING")
    ]
    for key, row in ours.items():
        wrong += _differing(row, keys.get(key))
    return len(made), wrong


def _row_of(database: Database, made: dict[str, Any]) -> str:
    """What we have under the mark of an execution that nobody knows."""
    rows = database.rows(
        "SELECT e.id, e.state, e.reason, e.created_at, e.sending_at, e.ended_at,"
        " e.watch_until, e.next_poll_at, e.cancel_requested_at, r.state AS run,"
        " amc_now() AS now FROM workflow_executions e"
        " LEFT JOIN schedule_runs r ON r.execution_id = e.id WHERE e.mark = %(mark)s",
        mark=made["mark"],
    )
    shown = {name: str(value) for row in rows for name, value in row.items()}
    return f"made {made['created_at']}, {made['status']}; ours {shown}"


def _doubled(made: list[dict[str, Any]], requests: list[dict[str, Any]]) -> list[str]:
    """One execution per mark, and one live one per run; one POST per mark."""
    wrong: list[str] = []
    marks = Counter(each["mark"] for each in made)
    wrong += [
        f"mark {mark}: {many} executions" for mark, many in marks.items() if many > 1
    ]
    alive = Counter(
        each["mark"].split("-")[1]
        for each in made
        if each["status"] in ("PENDING", "RUNNING", "SUCCEEDED")
    )
    wrong += [
        f"run {run}: {many} live executions" for run, many in alive.items() if many > 1
    ]
    posts = Counter(
        each["mark"]
        for each in requests
        if each["operation"] == "createWorkflowExecution"
        and each["status"] not in (401, 403)
        and each["mark"]
    )
    wrong += [f"mark {mark}: {many} POSTs" for mark, many in posts.items() if many > 1]
    return wrong


def _differing(row: dict[str, Any], theirs: dict[str, Any] | None) -> list[str]:
    """I14: what we call a success was one, with as many rows."""
    if theirs is None or row["state"] != "SUCCEEDED":
        return []
    if theirs["status"] != "SUCCEEDED":
        return [f"execution {row['id']} SUCCEEDED, at Amazon it is {theirs['status']}"]
    if row["row_count"] != theirs["rows"]:
        return [f"execution {row['id']}: {row['row_count']} rows, not {theirs['rows']}"]
    return []


def leaked_secrets(database: Database, logs: Path) -> list[str]:
    """I16: no secret in a log or in a column of text. The sandbox's own log may."""
    found = [
        f"{path.name} has {secret!r}"
        for path in logs.glob("*.log")
        if path.name != "sandbox.log"
        for secret in SECRETS
        if secret in path.read_text(encoding="utf-8", errors="replace")
    ]
    columns = database.rows(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN"
        " ('text', 'character varying', 'json', 'jsonb')"
    )
    for column in columns:
        query = sql.SQL("SELECT 1 FROM {} WHERE {}::text LIKE ANY (%s) LIMIT 1").format(
            sql.Identifier(column["table_name"]), sql.Identifier(column["column_name"])
        )
        with psycopg.connect(database.url) as connection:
            if connection.execute(query, [[f"%{s}%" for s in SECRETS]]).fetchone():
                found.append(f"{column['table_name']}.{column['column_name']}")
    return found


def leftovers(folder: Path) -> list[Path]:
    """I17: drafts of results."""
    return list(folder.rglob("*.part"))
