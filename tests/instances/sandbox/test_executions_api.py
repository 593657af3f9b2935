"""Listing, reading and cancelling executions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import SQL, AmcClient

MARKED = f"{SQL} -- not this\n/* amc-scheduler dev-1-00000001 */"
WITHOUT_FILTER = "Must provide either workflowId or minCreationTime"


def submit_each_minute(amc: Amc, api: AmcClient, count: int) -> list[str]:
    ids = []
    for _ in range(count):
        ids.append(api.submitted())
        amc.advance(60)
    return ids


def test_the_newest_come_first_unless_asked_otherwise(amc: Amc, api: AmcClient) -> None:
    ids = submit_each_minute(amc, api, 3)

    assert api.listed() == ids[::-1]
    assert api.listed(sortAscending="true") == ids


def test_a_list_needs_a_workflow_or_a_time(api: AmcClient) -> None:
    response = api.list(minCreationTime=None)

    assert (response.status_code, response.json()["details"]) == (400, WITHOUT_FILTER)


@pytest.mark.parametrize("query", [{"maxCreationTime": "2026-11-23T00:00:00"}, {}])
def test_a_latest_time_alone_does_not_do(api: AmcClient, query: dict[str, str]) -> None:
    response = api.reporting("GET", "workflowExecutions", params=query)

    assert (response.status_code, response.json()["details"]) == (400, WITHOUT_FILTER)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"minCreationTime": "2026-11-23T14:13:00"}, [1, 2]),
        ({"minCreationTime": "2026-11-23T14:13:01"}, [2]),
        (
            {
                "minCreationTime": "2026-11-23T00:00:00",
                "maxCreationTime": "2026-11-23T14:13:00",
            },
            [0, 1],
        ),
        (
            {"minCreationTime": "2026-11-23T15:13:00", "timeZone": "Europe/Berlin"},
            [1, 2],
        ),
        ({"minCreationTime": "2026-11-24T00:00:00"}, []),
    ],
)
def test_times_of_creation_limit_it(
    amc: Amc, api: AmcClient, query: dict[str, str], expected: list[int]
) -> None:
    ids = submit_each_minute(amc, api, 3)

    assert api.listed(sortAscending="true", **query) == [ids[n] for n in expected]


def test_a_creation_within_the_second_is_not_before_it(
    amc: Amc, api: AmcClient
) -> None:
    amc.advance(0.9)
    execution_id = api.submitted()

    assert api.listed(minCreationTime="2026-11-23T14:12:00") == [execution_id]
    assert api.listed(maxCreationTime="2026-11-23T14:12:00") == [execution_id]


def test_a_workflow_limits_it(api: AmcClient) -> None:
    api.submitted()
    response = api.submit()
    wanted = response.json()

    assert api.listed(minCreationTime=None, workflowId=wanted["workflowId"]) == [
        wanted["workflowExecutionId"]
    ]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"minCreationTime": "2026-11-23"}, "minCreationTime"),
        ({"minCreationTime": "2026-11-23T00:00:00Z"}, "minCreationTime"),
        ({"maxCreationTime": "2026-11-23T00:00"}, "maxCreationTime"),
        ({"timeZone": "Nowhere"}, "timeZone"),
        ({"limit": "101"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"sortAscending": "yes"}, "sortAscending"),
        ({"includeCancelled": "1"}, "includeCancelled"),
        ({"includeWorkflow": "no"}, "includeWorkflow"),
        ({"nextToken": "x"}, "nextToken"),
    ],
)
def test_a_wrong_query_is_named(
    api: AmcClient, query: dict[str, str], named: str
) -> None:
    response = api.list(**query)

    assert response.status_code == 400
    assert named in response.json()["details"]


def pages(api: AmcClient, **query: Any) -> list[list[str]]:
    found, token = [], None
    while True:
        page = api.list(**query, nextToken=token).json()
        found.append([e["workflowExecutionId"] for e in page["executions"]])
        if (token := page.get("nextToken")) is None:
            return found


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_pages_add_up_to_the_whole_list(api: AmcClient, ascending: str) -> None:
    ids = [api.submitted(dryRun=True) for _ in range(7)]

    found = pages(api, limit=3, sortAscending=ascending)

    assert [len(page) for page in found] == [3, 3, 1]
    together = [execution_id for page in found for execution_id in page]
    assert together == (ids if ascending == "true" else ids[::-1])


def test_a_page_has_a_hundred_at_most(api: AmcClient) -> None:
    for _ in range(101):
        api.submitted(dryRun=True)

    assert [len(page) for page in pages(api)] == [100, 1]


def test_pages_stay_right_while_the_list_changes(api: AmcClient) -> None:
    ids = [api.submitted() for _ in range(4)]
    first = api.list(limit=2).json()

    api.submitted()
    api.cancel(ids[2])
    second = api.list(limit=2, nextToken=first["nextToken"]).json()

    assert [e["workflowExecutionId"] for e in second["executions"]] == ids[1::-1]


def test_a_token_belongs_to_its_filters(api: AmcClient) -> None:
    for _ in range(2):
        api.submitted()
    token = api.list(limit=1).json()["nextToken"]

    response = api.list(limit=1, nextToken=token, includeCancelled="true")

    assert response.status_code == 400


def test_another_instances_executions_are_not_listed_or_found(api: AmcClient) -> None:
    execution_id = api.submitted()
    api.instance = "amcsandbox02"

    assert api.listed() == []
    assert api.get(execution_id).status_code == 404


def test_cancelled_ones_are_hidden_unless_asked_for(api: AmcClient) -> None:
    cancelled, other = api.submitted(), api.submitted()
    api.cancel(cancelled)

    assert api.listed() == [other]
    assert api.listed(includeCancelled="true") == [other, cancelled]


def test_the_list_brings_the_sql_with_its_comments(api: AmcClient) -> None:
    api.submitted(MARKED)

    with_sql = api.list(includeWorkflow="true").json()["executions"]
    without = api.list().json()["executions"]

    assert with_sql[0]["sqlQuery"] == MARKED
    assert "sqlQuery" not in without[0]


@pytest.mark.parametrize(
    ("kind", "shown"), [("no_sql_comments", SQL), ("no_sql", None)]
)
def test_the_list_can_lose_comments_or_sql(
    amc: Amc, api: AmcClient, kind: str, shown: str | None
) -> None:
    execution_id = api.submitted(MARKED)
    amc.faults(kind)

    listed = api.list(includeWorkflow="true").json()["executions"][0]
    read = api.get(execution_id, includeWorkflow="true").json()

    assert (listed.get("sqlQuery"), read.get("sqlQuery")) == (shown, shown)


def test_a_stale_list_hides_what_came_since_until_it_is_cleared(
    amc: Amc, api: AmcClient
) -> None:
    before = api.submitted()
    fault = amc.faults("stale_list")
    after = api.submitted()

    assert api.listed() == [before]
    assert api.status(after) == "SUCCEEDED"

    amc.clear_fault(fault)
    assert api.listed() == [after, before]


def test_a_lagging_list_shows_an_execution_after_its_seconds(
    amc: Amc, api: AmcClient
) -> None:
    amc.faults("stale_list", seconds=45)
    execution_id = api.submitted()

    amc.advance(44)
    assert api.listed() == []
    amc.advance(1)
    assert api.listed() == [execution_id]


def test_an_execution_that_is_not_there_is_404(api: AmcClient) -> None:
    response = api.get("00000000-0000-0000-0000-000000000000")

    assert (response.status_code, response.json()["details"]) == (
        404,
        "Execution with ID 00000000-0000-0000-0000-000000000000 does not exist.",
    )


def test_a_young_execution_can_be_not_found_yet(amc: Amc, api: AmcClient) -> None:
    amc.faults("not_found", seconds=30)
    execution_id = api.submitted()

    assert api.get(execution_id).status_code == 404
    assert api.links(execution_id).status_code == 404
    assert api.cancel(execution_id).status_code == 404
    amc.advance(30)
    assert api.status(execution_id) == "SUCCEEDED"


def test_an_execution_can_be_lost_for_good(amc: Amc, api: AmcClient) -> None:
    execution_id = api.submitted()
    amc.faults("not_found", operation="getWorkflowExecution")

    amc.advance(3600)
    api.sign_in("Atzr|sandbox")

    assert api.get(execution_id).status_code == 404


def test_what_waits_can_be_cancelled(amc: Amc, api: AmcClient) -> None:
    execution_id = api.submitted()

    response = api.cancel(execution_id)

    assert (response.status_code, response.json()) == (200, {})
    assert api.status(execution_id) == "CANCELLED"
    assert [m["status"] for m in amc.executions()[0]["history"]] == [
        "PENDING",
        "CANCELLED",
    ]


def test_what_runs_can_be_cancelled(amc: Amc, api: AmcClient) -> None:
    amc.faults("stuck")
    execution_id = api.submitted()
    assert api.status(execution_id) == "RUNNING"

    assert api.cancel(execution_id).status_code == 200
    assert api.status(execution_id) == "CANCELLED"


def test_what_has_ended_cannot(api: AmcClient) -> None:
    execution_id = api.submitted()
    assert api.status(execution_id) == "SUCCEEDED"

    response = api.cancel(execution_id)

    assert response.status_code == 400
    assert "SUCCEEDED" in response.json()["details"]
    assert api.status(execution_id) == "SUCCEEDED"


def test_cancelling_twice_is_refused(api: AmcClient) -> None:
    execution_id = api.submitted()

    assert [api.cancel(execution_id).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("body", [{}, {"status": "SUCCEEDED"}, {"status": None}])
def test_only_cancelled_can_be_asked_for(api: AmcClient, body: dict[str, Any]) -> None:
    execution_id = api.submitted()

    response = api.reporting("PUT", f"workflowExecutions/{execution_id}", json=body)

    assert response.status_code == 400
    assert api.status(execution_id) == "SUCCEEDED"


def test_a_cancel_can_be_lost(amc: Amc, api: AmcClient) -> None:
    execution_id = api.submitted()
    amc.faults("cancel_lost", count=1)

    assert (api.cancel(execution_id).json(), api.status(execution_id)) == (
        {},
        "SUCCEEDED",
    )


@pytest.mark.parametrize(
    ("fault", "fields", "status", "reason"),
    [
        ("failed", {"reason": "Out of memory"}, "FAILED", "Out of memory"),
        ("rejected", {"reason": "Not allowed"}, "REJECTED", "Not allowed"),
    ],
)
def test_an_execution_can_be_told_how_to_end(
    amc: Amc,
    api: AmcClient,
    fault: str,
    fields: dict[str, str],
    status: str,
    reason: str,
) -> None:
    amc.faults(fault, count=1, **fields)
    execution_id = api.submitted()

    execution = api.get(execution_id).json()

    assert (execution["status"], execution["statusReason"]) == (status, reason)
    assert execution["outputChannels"][0]["status"] == "UNAVAILABLE"
    assert api.status(api.submitted()) == "SUCCEEDED"


def test_rejected_for_privacy_says_so_in_amazons_words(
    amc: Amc, api: AmcClient
) -> None:
    amc.faults("rejected")
    execution_id = api.submitted()

    reason = api.get(execution_id).json()["statusReason"]

    assert reason.startswith(f'Execution "{execution_id}" of workflow "transient_')
    assert reason.endswith(
        '" could not be run because too many workflows have already been run against '
        "the same input data sources in the same or overlapping time windows."
    )


def test_an_unknown_status_word_shows_until_it_is_cleared(
    amc: Amc, api: AmcClient
) -> None:
    fault = amc.faults("unknown_status", word="HIBERNATING")
    execution_id = api.submitted()

    assert api.status(execution_id) == "HIBERNATING"
    assert api.list().json()["executions"][0]["status"] == "HIBERNATING"

    amc.clear_fault(fault)
    assert api.status(execution_id) == "SUCCEEDED"


def test_one_that_never_ends_fails_at_its_time_limit(amc: Amc, api: AmcClient) -> None:
    amc.faults("stuck")
    execution_id = api.submitted(workflowExecutionTimeoutSeconds=900)
    assert api.status(execution_id) == "RUNNING"

    amc.advance(900)

    assert api.get(execution_id).json()["statusReason"] == (
        "Workflow execution exceeded its timeout of 900 seconds."
    )
