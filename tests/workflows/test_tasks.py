"""The shells, with the real broker: what is sent where, and what one call does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection as database

from tests.amc.server import Amc
from tests.broker import no_broker
from tests.makers import NOON
from tests.workflows.conftest import Clock
from workflows.executions.submission import submit
from workflows.models import WorkflowExecution
from workflows.results import hints
from workflows.results.leases import to_be_collected
from workflows.states import ExecutionState as State
from workflows.tasks import collect_result, poll_executions, submit_execution

pytestmark = pytest.mark.usefixtures("results_folder")


@pytest.fixture
def broker() -> Iterator[Any]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("collect")
    yield client
    client.delete("collect")
    client.close()


@pytest.fixture
def database_clock(clock: Clock) -> None:
    """The one clock stands at NOON, as Amazon's does."""
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION amc_now() RETURNS timestamptz LANGUAGE sql"
            f" STABLE AS $$ SELECT timestamptz '{NOON.isoformat()}' $$"
        )


def messages(broker: Any) -> list[tuple[str, list[Any]]]:
    """Task and arguments of what waits for a collector, oldest first."""
    waiting = [json.loads(raw) for raw in reversed(broker.lrange("collect", 0, -1))]
    return [(each["headers"]["task"], each["headers"]["argsrepr"]) for each in waiting]


def test_an_execution_goes_through_the_three_tasks(
    execution: WorkflowExecution,
    amazon: Amc,
    broker: Any,
    database_clock: None,
) -> None:
    submit_execution(execution.pk)
    WorkflowExecution.objects.update(next_poll_at=NOON)

    poll_executions()
    assert messages(broker) == [
        ("workflows.tasks.collect_result", f"({execution.pk},)")
    ]
    collect_result(execution.pk)

    execution.refresh_from_db()
    assert execution.state == State.SUCCEEDED
    assert execution.ended_at == NOON


def test_no_more_messages_wait_than_collectors_can_use(
    execution: WorkflowExecution, amazon: Amc, broker: Any, database_clock: None
) -> None:
    submit_execution(execution.pk)
    WorkflowExecution.objects.update(next_poll_at=NOON)
    broker.rpush("collect", *["x"] * hints.MOST_WAITING)

    poll_executions()

    assert broker.llen("collect") == hints.MOST_WAITING
    assert hints.send_for_results(now=NOON) == 0
    broker.delete("collect")
    assert hints.send_for_results(now=NOON) == 1


def test_without_a_broker_results_stay_due(
    execution: WorkflowExecution,
    amazon: Amc,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(execution.pk, now=clock)
    WorkflowExecution.objects.update(state=State.COLLECTING, next_poll_at=NOON)
    no_broker(monkeypatch, port=1)

    assert hints.send_for_results(now=NOON) == 0

    assert to_be_collected(now=NOON, limit=1) == [execution.pk]
