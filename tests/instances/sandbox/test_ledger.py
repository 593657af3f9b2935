"""What was asked, in bounded memory."""

from __future__ import annotations

import pytest

from instances.sandbox.answers import json_answer
from instances.sandbox.ledger import Ledger
from instances.sandbox.store import Executions
from tests.amc.server import Amc
from tests.instances.sandbox.client import SQL, AmcClient
from tests.instances.sandbox.makers import after, make_call, make_execution


def test_the_newest_requests_are_kept_and_the_others_counted() -> None:
    ledger = Ledger(requests_kept=3)
    for second in range(5):
        ledger.note(make_call(seconds=second), json_answer({}), sent=True)

    assert [entry.number for entry in ledger.since(0, limit=10)] == [3, 4, 5]
    assert ledger.forgotten == 2


@pytest.mark.parametrize(
    ("since", "limit", "numbers"),
    [(0, 2, [3, 4]), (3, 2, [4, 5]), (4, 10, [5]), (5, 10, []), (99, 10, [])],
)
def test_requests_are_paged_by_number(
    since: int, limit: int, numbers: list[int]
) -> None:
    ledger = Ledger(requests_kept=3)
    for _ in range(5):
        ledger.note(make_call(), json_answer({}), sent=True)

    assert [entry.number for entry in ledger.since(since, limit=limit)] == numbers


def test_numbers_run_on_over_a_reset() -> None:
    ledger = Ledger()
    ledger.note(make_call(), None, sent=False)

    ledger.reset()
    ledger.note(make_call(), None, sent=False)

    assert [entry.number for entry in ledger.since(0, limit=10)] == [2]
    assert ledger.forgotten == 0


def test_answers_are_kept_only_when_asked_for() -> None:
    silent, recording = Ledger(), Ledger(record_answers=True)
    for ledger in (silent, recording):
        ledger.note(make_call(), json_answer({"a": 1}), sent=True)
        ledger.note(make_call(), json_answer({"a": 2}), sent=False)

    assert silent.answers() == []
    assert [told.body for told in recording.answers()] == ['{"a": 1}']


def test_ended_executions_are_forgotten_beyond_what_is_kept() -> None:
    store = Executions(kept=2)
    executions = [make_execution(number) for number in range(1, 5)]
    for execution in executions:
        store.add(execution)
    executions[0].cancel(now=after(1))
    executions[3].cancel(now=after(1))

    forgotten = store.forget_old()

    assert forgotten == executions[:1]
    assert store.get("amcsandbox01", "execution-1") is None
    assert list(store.of_instance("amcsandbox01", ascending=True)) == executions[1:]
    assert store.open_of("ENTITY1SANDBOX") == executions[1:3]


def test_each_request_is_written_down(amc: Amc, api: AmcClient) -> None:
    body = f"{SQL} /* amc-scheduler dev-9-ffffffff */"
    execution_id = api.submitted(body)
    api.list(limit=7)

    created, listed = amc.requests()[1:]

    assert {name: created[name] for name in created if name != "request_id"} == {
        "number": created["number"],
        "at": "2026-11-23T14:12:00+00:00",
        "method": "POST",
        "path": "/amc/reporting/amcsandbox01/workflowExecutions",
        "query": "",
        "operation": "createWorkflowExecution",
        "account": "ENTITY1SANDBOX",
        "requested_by": "sandbox",
        "instance": "amcsandbox01",
        "status": 200,
        "request_bytes": created["request_bytes"],
        "mark": "dev-9-ffffffff",
        "execution_id": execution_id,
        "faults": [],
    }
    assert created["request_bytes"] > len(body)
    assert listed["query"] == "limit=7&minCreationTime=2026-01-01T00:00:00"


def test_each_execution_is_written_down(amc: Amc, api: AmcClient) -> None:
    sql = f"{SQL} /* amc-scheduler dev-9-ffffffff */"
    execution_id = api.submitted(sql)
    api.status(execution_id)

    [execution] = amc.executions()

    at = "2026-11-23T14:12:00+00:00"
    words = ("PENDING", "RUNNING", "PUBLISHING", "SUCCEEDED")
    assert execution.pop("rows") > 0
    assert execution == {
        "number": 1,
        "id": execution_id,
        "account": "ENTITY1SANDBOX",
        "instance": "amcsandbox01",
        "workflow_id": execution["workflow_id"],
        "sql": sql,
        "mark": "dev-9-ffffffff",
        "created_at": at,
        "requested_by": "sandbox",
        "status": "SUCCEEDED",
        "reason": "",
        "history": [{"at": at, "status": word} for word in words],
    }


def test_faults_that_struck_are_written_down(amc: Amc, api: AmcClient) -> None:
    fault = amc.faults("throttled", operation="listWorkflowExecutions")

    api.list()

    assert amc.requests("listWorkflowExecutions")[0]["faults"] == [f"{fault} throttled"]


def test_the_ledger_is_read_in_pages(amc: Amc, api: AmcClient) -> None:
    for _ in range(5):
        api.submitted(dryRun=True)

    first = amc.ledger(limit=2)
    second = amc.ledger(
        limit=2,
        since=first["next_since"],
        executions_since=first["next_executions_since"],
    )

    assert [e["number"] for e in first["executions"]] == [1, 2]
    assert [e["number"] for e in second["executions"]] == [3, 4]
    numbers = [r["number"] for r in first["requests"] + second["requests"]]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "since=-1", "executions_since=1e9"]
)
def test_a_wrong_page_is_refused(amc: Amc, query: str) -> None:
    response = amc.control.get(f"/_sandbox/ledger?{query}")

    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["error"]


def test_controls_are_not_written_down(amc: Amc) -> None:
    amc.now()

    assert amc.requests() == []
