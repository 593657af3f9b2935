"""Rows for tests: each maker fills in what a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from instances import vault
from instances.models import Account, Connection, Instance, Membership, Role, User
from schedules.models import Run, Schedule, Target
from schedules.states import RunState, Trigger
from workflows.models import Workflow, WorkflowExecution, WorkflowVersion

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
LAST_WEEK = {"kind": "last_days", "days": 7, "lag_days": 2}

numbers = count(1)


def make_user(name: str = "", **changes: Any) -> User:
    name = name or f"user{next(numbers)}"
    return User.objects.create_user(
        name, f"{name}@example.com", "a-password", **changes
    )


def make_account(**changes: Any) -> Account:
    values: dict[str, Any] = {
        "account_id": f"ENTITY{next(numbers)}",
        "marketplace_id": "ATVPDKIKX0DER",
        "name": "Acme",
        "created_at": NOON,
    }
    return Account.objects.create(**values | changes)


def make_member(user: User, account: Account, role: Role = Role.EDITOR) -> Membership:
    return Membership.objects.create(
        user=user, account=account, role=role, created_at=NOON
    )


def make_instance(account: Account | None, **changes: Any) -> Instance:
    values: dict[str, Any] = {
        "account": account,
        "instance_id": f"amctest{next(numbers)}",
        "name": "Acme US",
        "created_at": NOON,
    }
    return Instance.objects.create(**values | changes)


def make_connection(owner: User, *accounts: Account, **changes: Any) -> Connection:
    """A connection with the refresh token of the sandbox's first account."""
    connection = Connection.objects.create(
        **{"owner": owner, "created_at": NOON} | changes
    )
    connection.refresh_token = vault.seal(connection.pk, "Atzr|sandbox")
    connection.save()
    connection.accounts.set(accounts)
    return connection


def make_workflow(
    instance: Instance,
    owner: User,
    sql: str = "SELECT advertiser, COUNT(DISTINCT user_id) AS reach"
    " FROM dsp_impressions GROUP BY 1",
    parameters: list[dict[str, Any]] | None = None,
    **changes: Any,
) -> Workflow:
    values: dict[str, Any] = {
        "account": instance.account,
        "instance": instance,
        "owner": owner,
        "name": "Weekly reach",
        "created_at": NOON,
        "updated_at": NOON,
    }
    workflow = Workflow.objects.create(**values | changes)
    workflow.version = WorkflowVersion.objects.create(
        workflow=workflow,
        number=1,
        sql=sql,
        parameters=parameters or [],
        created_at=NOON,
        created_by=owner,
    )
    workflow.save()
    return workflow


def make_schedule(workflow: Workflow, *instances: Instance, **changes: Any) -> Schedule:
    """An active hourly schedule, due at NOON, with one target per instance given."""
    values: dict[str, Any] = {
        "account": workflow.account,
        "workflow": workflow,
        "owner": workflow.owner,
        "name": f"Schedule {next(numbers)}",
        "cron_expression": "0 * * * *",
        "timezone": "UTC",
        "window_rule": LAST_WEEK,
        "next_run_at": NOON,
        "created_at": NOON - timedelta(days=30),
        "updated_at": NOON - timedelta(days=30),
    }
    schedule = Schedule.objects.create(**values | changes)
    for instance in instances or [workflow.instance]:
        make_target(schedule, instance)
    return schedule


def make_target(schedule: Schedule, instance: Instance, **changes: Any) -> Target:
    values: dict[str, Any] = {
        "schedule": schedule,
        "instance": instance,
        "counting_from": schedule.created_at,
        "created_at": schedule.created_at,
    }
    return Target.objects.create(**values | changes)


def make_run(target: Target, **changes: Any) -> Run:
    """A PENDING run of the slot at NOON, with what a claim copies onto it."""
    schedule = target.schedule
    values: dict[str, Any] = {
        "schedule": schedule,
        "target": target,
        "schedule_revision": schedule.revision,
        "workflow_version": schedule.workflow.version,
        "instance": target.instance,
        "account": target.instance.account,
        "connection": schedule.connection or schedule.owner.connections.first(),
        "owner": schedule.owner,
        "trigger": Trigger.SCHEDULE,
        "scheduled_for": NOON,
        "window_start": datetime(2026, 11, 14, tzinfo=UTC).date(),
        "window_end": datetime(2026, 11, 21, tzinfo=UTC).date(),
        "window_timezone": "UTC",
        "exclusive": True,
        "state": RunState.PENDING,
        "next_action_at": NOON,
        "created_at": NOON,
    }
    values |= changes
    if values["state"] not in (RunState.PENDING, RunState.WAITING):
        values["next_action_at"] = None
    return Run.objects.create(**values)


def make_execution(run: Run, **changes: Any) -> WorkflowExecution:
    """The unsent execution of a run that was just admitted; the run is RUNNING."""
    previous = run.execution
    values: dict[str, Any] = {
        "mark": f"test-{run.pk}-{next(numbers):08x}",
        "retry_of": previous,
        "attempt": 1 + (previous.attempt if previous else 0),
        "attempts_used": 0,
        "workflow_version": run.workflow_version,
        "instance": run.instance,
        "account": run.account,
        "connection": run.connection,
        "owner": run.owner,
        "state": "SUBMITTING",
        "created_at": NOON,
        "next_poll_at": NOON + timedelta(seconds=60),
        "deadline_at": NOON + timedelta(hours=24),
    }
    execution = WorkflowExecution.objects.create(**values | changes)
    if run.state == RunState.PENDING:
        Run.objects.filter(pk=run.pk).update(state="WAITING", reason="capacity")
    Run.objects.filter(pk=run.pk).update(
        state="RUNNING",
        reason="",
        next_action_at=None,
        execution=execution,
        started_at=NOON,
    )
    run.refresh_from_db()
    return execution
