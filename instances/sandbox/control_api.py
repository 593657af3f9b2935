"""The sandbox's controls: faults, clock, tokens, ledger, reset, readiness."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from instances.sandbox.control import Asked, InvalidControl
from instances.sandbox.executions import Execution
from instances.sandbox.fault_kinds import KINDS
from instances.sandbox.fault_requests import read_rule
from instances.sandbox.faults import Rule
from instances.sandbox.state import Sandbox

Reply = tuple[int, object]

MOST_PER_PAGE = 1_000
FASTEST = 1e6


def list_faults(sandbox: Sandbox, asked: Asked) -> Reply:
    rules = [rule_body(rule, sandbox.clock.now()) for rule in sandbox.faults.rules()]
    return 200, {"faults": rules, "kinds": [asdict(kind) for kind in KINDS.values()]}


def add_fault(sandbox: Sandbox, asked: Asked) -> Reply:
    rule = read_rule(
        asked.content,
        rule_id=sandbox.faults.next_id(),
        now=sandbox.clock.now(),
        last_execution=sandbox.executions.last_number,
    )
    sandbox.faults.add(rule)
    return 201, rule_body(rule, sandbox.clock.now())


def clear_faults(sandbox: Sandbox, asked: Asked) -> Reply:
    rules = sandbox.faults.rules()
    sandbox.faults.clear_all()
    return 200, {"cleared": [rule.id for rule in rules]}


def clear_fault(sandbox: Sandbox, asked: Asked) -> Reply:
    rule_id = asked.target["rule_id"]
    if not sandbox.faults.clear(rule_id):
        return 404, {"error": f"There is no fault {rule_id}."}
    return 200, {"cleared": [rule_id]}


def rule_body(rule: Rule, now: datetime) -> dict[str, object]:
    return {
        "id": rule.id,
        "kind": rule.kind.name,
        "operation": list(rule.selector.operations),
        "instance": rule.selector.instance,
        "account": rule.selector.account,
        "body_contains": rule.selector.body_contains,
        "count": rule.count,
        "skip": rule.skip,
        "probability": rule.probability,
        "seed": rule.seed,
        "until": rule.until.isoformat() if rule.until else None,
        **rule.options,
        "seen": rule.seen,
        "hits": rule.hits,
        "spent": rule.is_spent(now),
    }


def show_clock(sandbox: Sandbox, asked: Asked) -> Reply:
    return 200, {
        "now": sandbox.clock.now().isoformat(),
        "rate": sandbox.clock.rate,
        "speed": sandbox.progress.speed,
    }


def move_clock(sandbox: Sandbox, asked: Asked) -> Reply:
    """`now` sets it, `advance` moves it by seconds, `rate` is its pace (0: stopped).

    `speed` is how long executions made from now on take; see the command.
    """
    fields = {"now", "advance", "rate", "speed"}
    if not asked.content or set(asked.content) - fields:
        raise InvalidControl(f"Give one or more of {', '.join(sorted(fields))}.")
    now, advance = read_now(asked), read_seconds(asked, "advance")
    rate, speed = read_seconds(asked, "rate"), read_seconds(asked, "speed")
    if rate is not None:
        sandbox.clock.run_at(rate)
    if now is not None:
        sandbox.clock.set(now)
    if advance is not None:
        sandbox.clock.advance(timedelta(seconds=advance))
    if speed is not None:
        sandbox.progress.speed = speed
    return show_clock(sandbox, asked)


def read_now(asked: Asked) -> datetime | None:
    if "now" not in asked.content:
        return None
    try:
        return parse_moment(str(asked.content["now"]))
    except ValueError as error:
        raise InvalidControl("now must be an ISO 8601 time.") from error


def parse_moment(text: str) -> datetime:
    """ISO 8601; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def read_seconds(asked: Asked, name: str) -> float | None:
    """`advance` may go back; rate and speed may not."""
    value = asked.content.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidControl(f"{name} must be a number.")
    low, high = (-1e9, 1e9) if name == "advance" else (0, FASTEST)
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidControl(f"{name} must be between {low:g} and {high:g}.")
    return value


def revoke_tokens(sandbox: Sandbox, asked: Asked) -> Reply:
    """All access tokens issued so far, or one refresh token for good."""
    if asked.content == {"access_tokens": "all"}:
        sandbox.tokens.revoke_access_tokens()
    elif isinstance(token := asked.content.get("refresh_token"), str):
        sandbox.tokens.revoke_refresh_token(token)
    else:
        raise InvalidControl('Give "access_tokens": "all", or a refresh_token.')
    return 200, {}


def show_ledger(sandbox: Sandbox, asked: Asked) -> Reply:
    """Requests after number `since` and executions after `executions_since`."""
    limit = read_number(asked, "limit", MOST_PER_PAGE)
    if not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidControl(f"limit must be between 1 and {MOST_PER_PAGE}.")
    for account_id in sandbox.world.accounts:
        sandbox.progress.glance(account_id)
    since = read_number(asked, "since", 0)
    executions_since = read_number(asked, "executions_since", 0)
    entries = sandbox.ledger.since(since, limit=limit)
    executions = sandbox.executions.since(executions_since, limit=limit)
    return 200, {
        "requests": [entry.as_json() for entry in entries],
        "next_since": entries[-1].number if entries else since,
        "forgotten_requests": sandbox.ledger.forgotten,
        "executions": [execution_entry(execution) for execution in executions],
        "next_executions_since": executions[-1].number
        if executions
        else executions_since,
    }


def execution_entry(execution: Execution) -> dict[str, object]:
    return {
        "number": execution.number,
        "id": execution.id,
        "account": execution.instance.account.account_id,
        "instance": execution.instance.instance_id,
        "workflow_id": execution.workflow_id,
        "sql": execution.submission.definition.sql,
        "mark": execution.mark,
        "created_at": execution.created_at.isoformat(),
        "requested_by": execution.requested_by,
        "status": execution.status,
        "reason": execution.reason,
        "rows": execution.outcome.rows if execution.outcome else None,
        "history": [
            {"at": move.at.isoformat(), "status": move.status}
            for move in execution.history
        ],
    }


def read_number(asked: Asked, name: str, default: int) -> int:
    text = asked.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidControl(f"{name} must be a whole number.")
    return int(text)


def show_answers(sandbox: Sandbox, asked: Asked) -> Reply:
    """What was answered, when started with --record-answers; the newest 64 MB."""
    return 200, {"answers": [asdict(told) for told in sandbox.ledger.answers()]}


def reset(sandbox: Sandbox, asked: Asked) -> Reply:
    sandbox.reset()
    return show_clock(sandbox, asked)


def ready(sandbox: Sandbox, asked: Asked) -> Reply:
    """503 while the engine is being opened; `trouble` when that went wrong."""
    is_ready = sandbox.engine_room.is_ready
    body = {"ready": is_ready, "trouble": sandbox.engine_room.trouble}
    return 200 if is_ready else 503, body
