"""Checks SQL before anything is made of it, as Amazon does when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from instances.sandbox.definitions import Definition
from instances.sandbox.engine.contract import Query, QueryRefused
from instances.sandbox.engine_room import SqlEngine
from instances.sandbox.errors import Refusal, not_compiled
from instances.sandbox.queries import compile_query_of, query_of
from instances.sandbox.state import Sandbox
from instances.sandbox.submission import Submission
from instances.sandbox.world import Instance


async def compile_workflow(
    sandbox: Sandbox, instance: Instance, definition: Definition, *, now: datetime
) -> None:
    def ask(engine: SqlEngine) -> Query:
        return compile_query_of(definition, instance, engine, now=now)

    await check(sandbox, ask, workflow_id=definition.workflow_id)


async def compile_submission(
    sandbox: Sandbox, instance: Instance, submission: Submission, *, now: datetime
) -> None:
    def ask(engine: SqlEngine) -> Query:
        return query_of(submission, instance, engine, now=now)

    await check(sandbox, ask, workflow_id=submission.definition.workflow_id)


async def check(
    sandbox: Sandbox, ask: Callable[[SqlEngine], Query], *, workflow_id: str
) -> None:
    """Raises Refusal. While the engine is being opened nothing is refused here:

    a bad SQL then ends REJECTED, which Amazon's callers have seen as well.
    """
    if not sandbox.engine_room.is_ready:
        return
    engine = await sandbox.engine_room.engine()
    try:
        await sandbox.engine_room.check(ask(engine))
    except QueryRefused as refused:
        raise Refusal(400, not_compiled(workflow_id, str(refused))) from refused
