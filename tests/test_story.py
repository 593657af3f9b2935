"""The whole story, once: create, validate, watch, trigger, record, next run.

Real PostgreSQL, real Redis, the AMC sandbox over HTTP. Only the workers' loop is
missing: each task is called where a worker would have got its message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from instances.models import Account, Instance, User
from schedules import tasks as schedules
from schedules.models import Run
from tests.amc.server import Amc
from tests.makers import make_account, make_instance, make_workflow
from workflows import tasks as workflows
from workflows.models import Workflow, WorkflowExecution

MONDAY_0859 = datetime(2026, 11, 23, 13, 59, tzinfo=UTC)  # in New York
MONDAY_0900 = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

REACH = """
    SELECT advertiser, COUNT(DISTINCT user_id) AS reach, SUM(impressions) AS impressions
    FROM dsp_impressions GROUP BY 1
"""


class Clock:
    """The database's clock and the sandbox's, set together."""

    def __init__(self, amc: Amc) -> None:
        self._amc = amc
        self.now = MONDAY_0859

    def set(self, now: datetime) -> None:
        self.now = now
        self._amc.clock(now=now.isoformat(), rate=0)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION amc_now() RETURNS timestamptz LANGUAGE sql"
                f" STABLE AS 'SELECT timestamptz ''{now.isoformat()}'''"
            )

    def advance(self, **span: float) -> None:
        self.set(self.now + timedelta(**span))


@pytest.fixture
def clock(db: None, amc: Amc) -> Clock:
    clock = Clock(amc)
    clock.set(MONDAY_0859)
    return clock


@pytest.fixture(autouse=True)
def amazon(amc: Amc, settings: Settings, tmp_path: Path) -> None:
    """The product talks to the sandbox, and results land in a folder of the test."""
    settings.AMAZON_URL = amc.base_url
    settings.STORAGES = settings.STORAGES | {
        "results": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }


@pytest.fixture
def account(db: None) -> Account:
    return make_account(account_id="ENTITY1SANDBOX")


@pytest.fixture
def instance(account: Account) -> Instance:
    return make_instance(account, instance_id="amcsandbox01")


@pytest.fixture
def workflow(instance: Instance, alice: User) -> Workflow:
    return make_workflow(instance, alice, sql=REACH)


@pytest.fixture
def alices_browser(alice: User) -> APIClient:
    browser = APIClient()
    browser.force_login(alice)
    return browser


def test_a_schedule_runs_at_its_minute_and_its_result_lands(
    alices_browser: APIClient, workflow: Workflow, clock: Clock, amc: Amc
):
    # 1. A person creates a schedule; 2. what is wrong with it is said.
    wish: dict[str, Any] = {
        "name": "Weekly reach",
        "workflow": workflow.pk,
        "cron_expression": "0 25 * * MON",
        "timezone": "America/New_York",
        "window_rule": {"kind": "last_days", "days": 7},
    }
    refused = alices_browser.post("/api/v1/schedules/", wish)
    assert refused.status_code == 400
    assert "Hour must be 0–23" in refused.json()["errors"]["cron_expression"][0]

    wish["cron_expression"] = "0 9 * * MON"
    created = alices_browser.post("/api/v1/schedules/", wish)
    assert created.status_code == 201
    schedule = created.json()
    assert schedule["status"] == "Next: 1 minute"
    assert schedule["next_run_at"] == "2026-11-23T14:00:00Z"

    # 3. The tick watches: nothing a minute before, one run at the minute.
    schedules.tick()
    assert Run.objects.count() == 0
    clock.set(MONDAY_0900)
    schedules.tick()
    run = Run.objects.get()
    assert (run.state, run.scheduled_for) == ("PENDING", MONDAY_0900)

    # 4. The run is executed at Amazon: submitted, polled, collected.
    schedules.execute_run(run.pk)
    execution = WorkflowExecution.objects.get()
    assert (execution.state, run_state(run)) == ("PENDING", "RUNNING")
    for _ in range(3):
        clock.advance(seconds=10)
        workflows.poll_executions()
    workflows.collect_result(execution.pk)

    # 5. The history records what happened; 6. with its result.
    schedules.settle_runs()
    (told,) = alices_browser.get(f"/api/v1/schedules/{schedule['id']}/runs/").json()[
        "results"
    ]
    assert told["state"] == "SUCCEEDED"
    assert (told["window_start"], told["window_end"]) == ("2026-11-14", "2026-11-21")
    assert [attempt["state"] for attempt in told["executions"]] == ["SUCCEEDED"]
    rows = alices_browser.get(f"/api/v1/runs/{told['id']}/rows/").json()
    assert rows["row_count"] == len(rows["rows"]) > 0

    # 7. The next run is known, and nothing was asked of Amazon twice.
    shown = alices_browser.get(f"/api/v1/schedules/{schedule['id']}/").json()
    assert shown["status"] == "Next: 7 days"
    assert shown["next_run_at"] == "2026-11-30T14:00:00Z"
    schedules.tick()
    assert Run.objects.count() == 1
    assert len(amc.ledger()["executions"]) == 1


def run_state(run: Run) -> str:
    run.refresh_from_db()
    return run.state
