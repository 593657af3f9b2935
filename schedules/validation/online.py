"""Asking Amazon whether it would take what a schedule is going to send."""

from __future__ import annotations

from datetime import datetime

from instances.amc.errors import Forbidden, Refused
from instances.amc.gateway import gateway
from instances.default_connections import DefaultConnections
from instances.errors import AccountMissing, CredentialRefused
from instances.models import Connection
from schedules.claiming.births import newborn
from schedules.models import Run, Target
from schedules.rehearsal import rehearsed
from schedules.states import Trigger
from schedules.validation import finding
from schedules.validation.findings import Finding
from workflows.errors import WorkflowsError
from workflows.lifecycle import newest_version

CHECK_SECONDS = 30.0


def ask_amazon(target: Target, *, now: datetime) -> Finding | None:
    """Have the target's next request checked by Amazon, which runs nothing.

    Raises AmcError, LwaUnavailable and ApplicationHeld when Amazon cannot be asked.
    Not to be called in a transaction.
    """
    schedule = target.schedule
    account_id = target.instance.account_id
    connection_id = DefaultConnections([schedule]).connection_id(schedule, account_id)
    if connection_id is None:
        return None  # found without Amazon
    connection = Connection.objects.get(pk=connection_id)
    try:
        body = rehearsed(_next_run(target, now)).body
        amazon = gateway(target.instance, connection, now=now)
        amazon.check_sql(body, timeout_seconds=CHECK_SECONDS)
    except (WorkflowsError, AccountMissing):
        return None  # found without Amazon
    except CredentialRefused as error:
        remedy = "Its owner must connect again."
        return finding(
            schedule, "connection_held", error.message, remedy, target=target
        )
    except Forbidden as error:
        return finding(schedule, "access_denied", error.text, target=target)
    except Refused as error:
        remedy = "Edit the workflow."
        return finding(schedule, "sql_invalid", error.text, remedy, target=target)
    return None


def _next_run(target: Target, now: datetime) -> Run:
    schedule = target.schedule
    run = newborn(
        schedule=schedule,
        target=target,
        version_id=newest_version(schedule.workflow).pk,
        connection_id=None,
        account_id=target.instance.account_id,
        trigger=Trigger.TEST,
        scheduled_for=schedule.next_run_at or now,
        now=now,
    )
    run.workflow_version = newest_version(schedule.workflow)
    run.instance = target.instance
    return run
