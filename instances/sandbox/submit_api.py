"""Creating an execution: no idempotency key, so each request that works makes one."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial

from instances.sandbox.answers import Answer
from instances.sandbox.authority import instance_of
from instances.sandbox.calls import Call, mark_in
from instances.sandbox.compilation import compile_submission
from instances.sandbox.errors import Refusal
from instances.sandbox.executions import Execution, Pace, Status, pace_of
from instances.sandbox.executions_api import one_execution
from instances.sandbox.fault_kinds import EXECUTION_FAULTS
from instances.sandbox.faults import Rule
from instances.sandbox.sql_comments import without_comments
from instances.sandbox.state import Sandbox
from instances.sandbox.submission import Submission, read_submission
from instances.sandbox.world import Instance

ASKED_APART = ("daily_cap", "late_refusal", "overlap_refusal")
"""These decide before an execution is made, or by those made before it."""
NOT_COUNTED = (Status.FAILED, Status.REJECTED, Status.CANCELLED)


async def create_execution(sandbox: Sandbox, call: Call) -> Answer:
    instance = instance_of(sandbox, call)
    submission = read_submission(
        call.content(),
        saved=partial(sandbox.workflows.get, instance.instance_id),
        transient_id=f"transient_{uuid.uuid4()}",
        now=call.now,
    )
    refuse_beyond_daily_cap(sandbox, call, instance)
    if sandbox.faults.strike("late_refusal", call) is None:
        await compile_submission(sandbox, instance, submission, now=call.now)
    fates = fates_of(sandbox, call, instance, submission)
    execution = open_execution(
        sandbox, instance, submission, fates=fates, requested_by=call.person
    )
    return one_execution(sandbox, call, execution)


def open_execution(
    sandbox: Sandbox,
    instance: Instance,
    submission: Submission,
    *,
    fates: tuple[Rule, ...],
    requested_by: str,
) -> Execution:
    execution_id = str(uuid.uuid4())
    execution = Execution(
        id=execution_id,
        number=sandbox.executions.next_number(),
        instance=instance,
        workflow_id=submission.definition.workflow_id,
        submission=submission,
        mark=mark_in(submission.definition.sql),
        created_at=sandbox.clock.now(),
        requested_by=requested_by,
        pace=pace_with(fates, pace_of(execution_id, speed=sandbox.progress.speed)),
        fates=fates,
    )
    sandbox.executions.add(execution)
    sandbox.progress.begin(execution)
    sandbox.forget_old()
    return execution


def pace_with(fates: tuple[Rule, ...], pace: Pace) -> Pace:
    for rule in fates:
        if rule.kind.name == "long_run":
            return replace(pace, running=rule.span())
    return pace


def fates_of(
    sandbox: Sandbox, call: Call, instance: Instance, submission: Submission
) -> tuple[Rule, ...]:
    """The faults it is born with."""
    names = [kind.name for kind in EXECUTION_FAULTS if kind.name not in ASKED_APART]
    struck = [sandbox.faults.strike(name, call) for name in names]
    struck.append(
        sandbox.faults.strike(
            "overlap_refusal",
            call,
            when=lambda rule: (
                overlapping_runs(sandbox, instance, submission) >= rule.number("limit")
            ),
        )
    )
    return tuple(rule for rule in struck if rule is not None)


def refuse_beyond_daily_cap(sandbox: Sandbox, call: Call, instance: Instance) -> None:
    day_ago = call.now - timedelta(days=1)
    stored = sandbox.executions.of_instance(instance.instance_id, ascending=True)
    today = sum(execution.created_at > day_ago for execution in stored)

    def is_full(rule: Rule) -> bool:
        return today >= rule.number("limit")

    if sandbox.faults.strike("daily_cap", call, when=is_full):
        raise Refusal(
            400, "The limit of ad hoc executions per day and instance has been reached."
        )


def overlapping_runs(
    sandbox: Sandbox, instance: Instance, submission: Submission
) -> int:
    """Earlier runs of the same SQL, comments aside, over a window that overlaps."""
    sql = without_comments(submission.definition.sql)
    window = submission.window
    executions = sandbox.executions.of_instance(instance.instance_id, ascending=True)
    return sum(
        execution.status not in NOT_COUNTED
        and execution.submission.window.start_utc < window.end_utc
        and window.start_utc < execution.submission.window.end_utc
        and without_comments(execution.submission.definition.sql) == sql
        for execution in executions
    )
