"""One of everything that has an address, for tests of all routes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from instances.models import ApiToken, Instance
from schedules.models import Run, Schedule
from tests.makers import (
    NOON,
    make_execution,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_target,
    make_user,
    make_workflow,
)
from workflows.models import ExecutionResult, Workflow, WorkflowExecution

SECOND = timedelta(seconds=1)
CSV = b"name,reach\r\nAcme,17\r\n=1+1,-5\r\n"


@dataclass(frozen=True, kw_only=True)
class World:
    """Alice's world: `ids` are what stands in braces in the paths of the matrix."""

    ids: dict[str, Any]


def make_world(instance: Instance, schedule: Schedule) -> World:
    """`schedule` is due; another one is paused, as is one target of the first."""
    alice, target = schedule.owner, schedule.targets.get()
    paused = make_schedule(
        schedule.workflow, is_active=False, next_run_at=None, paused_at=NOON
    )
    stopped = make_target(
        schedule,
        make_instance(instance.account),
        paused_at=NOON,
        pause_reason="person",
    )
    finished = make_run(
        target, scheduled_for=NOON - timedelta(days=1), created_at=NOON - 3600 * SECOND
    )
    landed = land(finished)
    waiting = make_run(target, scheduled_for=NOON - timedelta(hours=2))
    extra = make_instance(instance.account)
    token, _ = ApiToken.issue(alice, name="cron")
    newcomer = make_user("nina")
    return World(
        ids={
            "account": instance.account_id,
            "instance": instance.pk,
            "extra": extra.pk,
            "workflow": schedule.workflow_id,
            "unused": make_workflow(instance, alice).pk,
            "schedule": schedule.pk,
            "paused": paused.pk,
            "target": target.pk,
            "stopped": stopped.pk,
            "run": finished.pk,
            "waiting": waiting.pk,
            "execution": landed.pk,
            "connection": alice.connections.get().pk,
            "member": make_member(newcomer, instance.account).pk,
            "someone": make_user("stan").username,
            "token": token.token_key,
        }
    )


def land(run: Run, content: bytes = CSV) -> WorkflowExecution:
    """The run and its execution end as they do when a result has landed."""
    execution = make_execution(run)
    for state, columns in {
        "PENDING": {"amc_execution_id": f"amc-{execution.pk}", "sending_at": NOON},
        "COLLECTING": {},
        "SUCCEEDED": {"ended_at": NOON, "uses_attempt": True, "next_poll_at": None},
    }.items():
        WorkflowExecution.objects.filter(pk=execution.pk).update(state=state, **columns)
    Run.objects.filter(pk=run.pk).update(state="SUCCEEDED", finished_at=NOON)
    columns, *rows = csv.reader(StringIO(content.decode(errors="replace")))
    ExecutionResult.objects.create(
        execution=execution,
        storage_key=storages["results"].save(
            f"executions/{execution.pk}/1.csv", ContentFile(content)
        ),
        size_bytes=len(content),
        row_count=len(rows),
        sha256="0" * 64,
        columns=columns,
        created_at=NOON,
    )
    run.refresh_from_db()
    execution.refresh_from_db()
    return execution


def workflow_body(instance_id: int) -> dict[str, Any]:
    return {"name": "Reach", "instance": instance_id, "sql": "SELECT 1 FROM t"}


def schedule_body(workflow: Workflow | int) -> dict[str, Any]:
    return {
        "name": "Weekly",
        "workflow": workflow if isinstance(workflow, int) else workflow.pk,
        "cron_expression": "0 9 * * MON",
        "timezone": "Europe/Berlin",
        "window_rule": {"kind": "last_days", "days": 7},
    }
