"""Executions at the API: what became of each attempt, without secrets."""

from __future__ import annotations

import pytest

from instances.models import User
from schedules.models import Target
from tests.browsers import API, browser, codes, refusal
from tests.makers import NOON, make_account, make_execution, make_run
from workflows.models import WorkflowExecution


@pytest.fixture
def execution(target: Target) -> WorkflowExecution:
    return make_execution(
        make_run(target),
        state="RUNNING",
        amc_execution_id="amc-1",
        sending_at=NOON,
        request={"workflow": {"sqlQuery": "SELECT 1"}},
    )


def test_an_attempt_is_told_with_what_was_sent(execution: WorkflowExecution, vic: User):
    told = browser(vic).get(f"{API}executions/{execution.pk}/").json()

    assert (told["state"], told["attempt"], told["amc_execution_id"]) == (
        "RUNNING",
        1,
        "amc-1",
    )
    assert told["request"] == {"workflow": {"sqlQuery": "SELECT 1"}}
    assert told["result"] is None
    assert not {"lease_token", "claims", "connection"} & set(told)


def test_a_list_leaves_out_what_is_long(execution: WorkflowExecution, vic: User):
    (told,) = browser(vic).get(f"{API}executions/").json()["results"]

    assert (told["id"], told["workflow_version"]) == (execution.pk, 1)
    assert "request" not in told


def test_executions_of_other_accounts_are_not_seen(
    execution: WorkflowExecution, vic: User, bob: User
):
    WorkflowExecution.objects.filter(pk=execution.pk).update(account=make_account())

    for user in (vic, bob):
        assert browser(user).get(f"{API}executions/").json()["results"] == []
        answer = browser(user).get(f"{API}executions/{execution.pk}/")
        assert codes(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=RUNNING", 1),
        ("state=PENDING,RUNNING", 1),
        ("state=PENDING", 0),
        ("amc_execution_id=amc-1", 1),
        ("amc_execution_id=amc", 0),
        ("reason=x", 0),
    ],
)
def test_executions_are_found(
    query: str, count: int, execution: WorkflowExecution, vic: User
):
    rows = browser(vic).get(f"{API}executions/?{query}").json()["results"]

    assert len(rows) == count


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("state=DONE", "invalid_choice", "state"),
        ("state=RUNNING,DONE", "invalid_choice", "state"),
        ("state=RUNNING&state=PENDING", "repeated_parameter", "state"),
        ("instance=amcsandbox01", "type", "instance"),
        ("mark=x", "unknown_parameter", "mark"),
    ],
)
def test_bad_filters_are_refused(query: str, code: str, field: str, vic: User):
    answer = browser(vic).get(f"{API}executions/?{query}")

    assert refusal(answer) == (400, code, field)
