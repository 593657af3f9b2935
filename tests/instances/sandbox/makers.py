"""Values for the sandbox's pure parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from instances.sandbox.calls import Call
from instances.sandbox.definitions import Definition
from instances.sandbox.executions import Execution, Outcome, Pace, Status
from instances.sandbox.fault_requests import read_rule
from instances.sandbox.faults import Rule
from instances.sandbox.operations import CREATE_EXECUTION, OPERATIONS
from instances.sandbox.submission import Submission
from instances.sandbox.windows import TimeWindow
from instances.sandbox.world import Account, Instance

START = datetime(2026, 11, 23, 14, 12, tzinfo=UTC)
PACE = Pace(
    waiting=timedelta(seconds=1),
    running=timedelta(seconds=4),
    publishing=timedelta(seconds=1),
)
DONE = Outcome(status=Status.SUCCEEDED, files=(Path("part-1.csv"),), rows=3)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def make_submission(*, timeout_seconds: int = 21_600) -> Submission:
    return Submission(
        definition=Definition(
            workflow_id="transient_1",
            sql="SELECT 1",
            declared=(),
            privacy="REMOVE_ROWS",
            as_sent={},
        ),
        window=TimeWindow(
            start=datetime.fromisoformat("2026-11-01T00:00:00"),
            end=datetime.fromisoformat("2026-11-08T00:00:00"),
            zone=ZoneInfo("UTC"),
        ),
        values={},
        timeout_seconds=timeout_seconds,
        dry_run=False,
        skip_publish=False,
        synthetic_data=False,
        without_aggregation_controls=False,
        advertisers=(),
    )


def make_execution(
    number: int,
    *,
    instance: int = 1,
    created_after: float = 0,
    pace: Pace = PACE,
    timeout_seconds: int = 21_600,
    fates: tuple[Rule, ...] = (),
) -> Execution:
    return Execution(
        id=f"execution-{number}",
        number=number,
        instance=Instance(account=Account(number=1), number=instance),
        workflow_id="transient_1",
        submission=make_submission(timeout_seconds=timeout_seconds),
        mark="",
        created_at=after(created_after),
        requested_by="sandbox",
        pace=pace,
        fates=fates,
    )


def make_rule(kind: str, **fields: object) -> Rule:
    content = {"kind": kind, **fields}
    return read_rule(content, rule_id="f1", now=START, last_execution=0)


def make_call(
    operation: str = CREATE_EXECUTION.name,
    *,
    instance: str = "amcsandbox01",
    account: str = "ENTITY1SANDBOX",
    body: str = "",
    seconds: float = 0,
) -> Call:
    return Call(
        operation=next(o for o in OPERATIONS if o.name == operation),
        method="POST",
        path=f"/amc/reporting/{instance}/workflowExecutions",
        target={"instance_id": instance},
        query={},
        headers={},
        body=body.encode(),
        base_url="http://sandbox",
        account_id=account,
        person="sandbox",
        now=after(seconds),
    )
