"""Workflow executions: list, read, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.authority import instance_of
from instances.sandbox.calls import Call
from instances.sandbox.errors import NO_LIST_FILTER, Refusal
from instances.sandbox.executions import Execution, Status
from instances.sandbox.faults import Rule
from instances.sandbox.paging import page_of
from instances.sandbox.sql_comments import without_comments
from instances.sandbox.state import Sandbox
from instances.sandbox.windows import parse_local_time, parse_zone
from instances.sandbox.wire import execution_body


async def list_executions(sandbox: Sandbox, call: Call) -> Answer:
    """Newest first unless asked otherwise; cancelled ones only when asked for."""
    instance_id = instance_of(sandbox, call).instance_id
    ascending = call.flag("sortAscending")
    fits = read_filter(call)
    stored = sandbox.executions.of_instance(instance_id, ascending=ascending)
    found = [execution for execution in stored if fits(execution)]
    await sandbox.progress.look(call.account_id, found)
    if not call.flag("includeCancelled"):
        found = [e for e in found if e.status is not Status.CANCELLED]
    if (stale := sandbox.faults.strike("stale_list", call)) is not None:
        found = [e for e in found if not is_hidden(e, stale, now=call.now)]
    page = page_of(call, found, key=lambda e: e.number, descending=not ascending)
    sql_of = read_sql_view(sandbox, call)
    return json_answer(
        page.as_json("executions", lambda e: execution_body(e, sql=sql_of(e))),
        is_distorted=any(shows_unknown_status(e) for e in page.items),
    )


async def get_execution(sandbox: Sandbox, call: Call) -> Answer:
    execution = find_execution(sandbox, call)
    sql_of = read_sql_view(sandbox, call)
    await sandbox.progress.look(call.account_id, [execution])
    return one_execution(sandbox, call, execution, sql=sql_of(execution))


async def cancel_execution(sandbox: Sandbox, call: Call) -> Answer:
    """Only the status can be changed, to CANCELLED, and only before its end."""
    execution = find_execution(sandbox, call)
    if call.content().get("status") != Status.CANCELLED:
        raise Refusal(400, "The status of an execution can only be set to CANCELLED.")
    if sandbox.faults.strike("cancel_lost", call):
        return json_answer({})
    if not await sandbox.progress.cancel(execution):
        raise Refusal(
            400,
            f"Execution with ID {execution.id} cannot be cancelled because it is "
            f"{execution.status}.",
        )
    return json_answer({})


def find_execution(sandbox: Sandbox, call: Call) -> Execution:
    execution_id = call.target["execution_id"]
    instance_id = instance_of(sandbox, call).instance_id
    execution = sandbox.executions.get(instance_id, execution_id)
    if execution is None or is_missed(sandbox, call, execution):
        raise Refusal(404, f"Execution with ID {execution_id} does not exist.")
    return execution


def is_missed(sandbox: Sandbox, call: Call, execution: Execution) -> bool:
    """Whether a fault keeps it from being found, by its age or at all."""

    def fits(rule: Rule) -> bool:
        young = call.now - execution.created_at < rule.span()
        return young or not rule.number("seconds")

    return sandbox.faults.strike("not_found", call, when=fits) is not None


def is_hidden(execution: Execution, stale: Rule, *, now: datetime) -> bool:
    if not stale.number("seconds"):
        return execution.number > stale.after_execution
    return now - execution.created_at < stale.span()


def one_execution(
    sandbox: Sandbox, call: Call, execution: Execution, *, sql: str | None = None
) -> Answer:
    """Flat, as every sample shows it; Amazon's own document wraps it."""
    body: Mapping[str, object] = execution_body(execution, sql=sql)
    if sandbox.faults.strike("wrapped", call):
        body = {"workflowExecution": body}
    return json_answer(
        body,
        execution_id=execution.id,
        is_distorted=shows_unknown_status(execution),
    )


def shows_unknown_status(execution: Execution) -> bool:
    return execution.lasting_fate("unknown_status") is not None


def read_filter(call: Call) -> Callable[[Execution], bool]:
    """By workflow, by time of creation, or both; 400 with neither."""
    workflow_id = call.query.get("workflowId")
    first, last = (read_moment(call, f"{end}CreationTime") for end in ("min", "max"))
    if not workflow_id and first is None:
        raise Refusal(400, NO_LIST_FILTER)

    def fits(execution: Execution) -> bool:
        created_at = execution.created_at.replace(microsecond=0)
        return (
            (not workflow_id or execution.workflow_id == workflow_id)
            and (first is None or created_at >= first)
            and (last is None or created_at <= last)
        )

    return fits


def read_moment(call: Call, name: str) -> datetime | None:
    if not call.query.get(name):
        return None
    zone = parse_zone(call.query.get("timeZone", "UTC"), field="timeZone")
    local = parse_local_time(call.query[name], field=name)
    return local.replace(tzinfo=zone).astimezone(UTC)


def read_sql_view(sandbox: Sandbox, call: Call) -> Callable[[Execution], str | None]:
    """What includeWorkflow brings: the SQL verbatim, unless a fault spoils it."""
    if not call.flag("includeWorkflow") or sandbox.faults.strike("no_sql", call):
        return lambda execution: None
    if sandbox.faults.strike("no_sql_comments", call):
        return lambda e: without_comments(e.submission.definition.sql)
    return lambda e: e.submission.definition.sql
