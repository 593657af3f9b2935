"""Creating an execution."""

from __future__ import annotations

from typing import Any

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import SQL, WINDOW, AmcClient

MARKED = f"{SQL} /* amc-scheduler dev-17-0a1b2c3d */"
BRAND = {"name": "brand", "dataType": "STRING"}
BY_BRAND = (
    "SELECT SUM(impressions) AS n FROM dsp_impressions "
    "WHERE campaign = CUSTOM_PARAMETER('brand')"
)
PREFIX = "because it was found to be invalid: "


def test_an_ad_hoc_execution_begins_pending(api: AmcClient) -> None:
    execution = api.submit(timeWindowTimeZone="America/New_York").json()

    assert execution["workflowId"].startswith("transient_")
    assert {
        name: execution[name]
        for name in (
            "status",
            "createTime",
            "waitUntil",
            "expireTime",
            "timeWindowStart",
            "timeWindowEnd",
            "timeWindowStartOriginal",
            "timeWindowEndOriginal",
            "timeWindowTimeZoneOriginal",
            "workflowExecutionTimeoutSeconds",
            "parameterValues",
            "outputChannels",
        )
    } == {
        "status": "PENDING",
        "createTime": "2026-11-23T14:12:00Z",
        "waitUntil": "2026-11-23T13:12:00Z",
        "expireTime": "2026-11-24T14:12:00Z",
        "timeWindowStart": "2026-10-01T04:00:00Z",
        "timeWindowEnd": "2026-11-01T04:00:00Z",
        "timeWindowStartOriginal": "2026-10-01T00:00:00",
        "timeWindowEndOriginal": "2026-11-01T00:00:00",
        "timeWindowTimeZoneOriginal": "America/New_York",
        "workflowExecutionTimeoutSeconds": 21600,
        "parameterValues": {},
        "outputChannels": [{"channel": {"type": "DOWNLOAD"}, "status": "PENDING"}],
    }


def test_it_ends_with_the_columns_of_its_result(api: AmcClient) -> None:
    execution = api.get(api.submitted()).json()

    assert execution["status"] == "SUCCEEDED"
    assert [column["name"] for column in execution["outputColumns"]] == [
        "campaign",
        "n",
    ]
    assert execution["outputChannels"][0]["status"] == "AVAILABLE"


def test_the_sql_comes_back_verbatim_when_asked_for(api: AmcClient) -> None:
    execution_id = api.submitted(MARKED)

    assert api.get(execution_id, includeWorkflow="true").json()["sqlQuery"] == MARKED
    assert "sqlQuery" not in api.get(execution_id).json()


def test_the_same_request_twice_makes_two(amc: Amc, api: AmcClient) -> None:
    assert api.submitted(MARKED) != api.submitted(MARKED)
    assert [e["mark"] for e in amc.executions()] == ["dev-17-0a1b2c3d"] * 2


def test_a_saved_workflow_is_run_by_its_id(api: AmcClient) -> None:
    api.reporting("POST", "workflows", json={"workflowId": "weekly", "sqlQuery": SQL})

    response = api.reporting(
        "POST", "workflowExecutions", json={"workflowId": "weekly", **WINDOW}
    )

    execution_id = response.json()["workflowExecutionId"]
    assert response.json()["workflowId"] == "weekly"
    assert api.get(execution_id, includeWorkflow="true").json()["sqlQuery"] == SQL


def test_executions_outlive_their_workflow(api: AmcClient) -> None:
    api.reporting("POST", "workflows", json={"workflowId": "weekly", "sqlQuery": SQL})
    created = api.reporting(
        "POST", "workflowExecutions", json={"workflowId": "weekly", **WINDOW}
    )

    api.reporting("DELETE", "workflows/weekly")

    assert api.status(created.json()["workflowExecutionId"]) == "SUCCEEDED"


def test_a_workflow_that_is_not_there_cannot_be_run(api: AmcClient) -> None:
    response = api.reporting("POST", "workflowExecutions", json={"workflowId": "x"})

    assert (response.status_code, response.json()["details"]) == (
        400,
        "Workflow with ID x does not exist",
    )


@pytest.mark.parametrize(
    "body", [{}, {"workflowId": "w", "workflow": {"sqlQuery": SQL}}, {"workflow": {}}]
)
def test_exactly_one_workflow_must_be_named(
    api: AmcClient, body: dict[str, Any]
) -> None:
    response = api.reporting("POST", "workflowExecutions", json=body)

    assert (response.status_code, response.json()["details"]) == (
        400,
        "Exactly one of workflowId and workflow must be provided.",
    )


def test_without_a_window_it_is_the_day_before(api: AmcClient) -> None:
    body = {"workflow": {"sqlQuery": SQL}, "timeWindowTimeZone": "Europe/Berlin"}

    execution = api.reporting("POST", "workflowExecutions", json=body).json()

    assert execution["timeWindowStart"] == "2026-11-21T23:00:00Z"
    assert execution["timeWindowEnd"] == "2026-11-22T23:00:00Z"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"timeWindowType": "YESTERDAY"}, "timeWindowType"),
        ({"timeWindowStart": None}, "timeWindowStart"),
        ({"timeWindowEnd": None}, "timeWindowEnd"),
        ({"timeWindowStart": "2026-10-01"}, "timeWindowStart"),
        ({"timeWindowStart": "2026-10-01T00:00:00Z"}, "timeWindowStart"),
        ({"timeWindowEnd": "2026-11-01T00:00:00.000"}, "timeWindowEnd"),
        ({"timeWindowEnd": "2026-10-01T00:00:00"}, "timeWindowEnd"),
        ({"timeWindowStart": 20261001}, "timeWindowStart"),
        ({"timeWindowType": "ALL"}, "EXPLICIT"),
        ({"timeWindowTimeZone": "Nowhere"}, "timeWindowTimeZone"),
        ({"timeWindowTimeZone": ""}, "timeWindowTimeZone"),
        ({"parameterValues": []}, "parameterValues"),
        ({"workflowExecutionTimeoutSeconds": 899}, "between 900 and 86400"),
        ({"workflowExecutionTimeoutSeconds": 86401}, "between 900 and 86400"),
        ({"workflowExecutionTimeoutSeconds": "900"}, "integer"),
        ({"workflowExecutionTimeoutSeconds": True}, "integer"),
        ({"dryRun": "true"}, "dryRun"),
        ({"disableAggregationControls": True}, "requireSyntheticData"),
        ({"advertisers": "all"}, "advertisers"),
        ({"advertisers": [{"id": "1"}]}, "advertisers"),
        ({"advertisers": [{"id": "1", "type": "TV"}]}, "type"),
        ({"advertisers": [{"id": "1", "type": "DISPLAY"}]}, "Advertiser 1"),
        ({"workflow": "SELECT 1"}, "workflow"),
        ({"workflow": {"workflowId": "w"}}, "sqlQuery"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_made(
    amc: Amc, api: AmcClient, fields: dict[str, Any], named: str
) -> None:
    response = api.submit(**fields)

    assert response.status_code == 400
    assert named in response.json()["details"]
    assert amc.executions() == []


@pytest.mark.parametrize("seconds", [900, 86400])
def test_the_time_limit_may_be_from_a_quarter_hour_to_a_day(
    api: AmcClient, seconds: int
) -> None:
    execution = api.submit(workflowExecutionTimeoutSeconds=seconds).json()

    assert execution["workflowExecutionTimeoutSeconds"] == seconds


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT SUM(impressions) AS n FROM nowhere", "Object 'nowhere' not found"),
        ("SELECT SUM(clickz) AS n FROM dsp_clicks", "Column 'clickz' not found in any"),
        (BY_BRAND, "brand"),
        ("SELECT campaign || 'x' AS c FROM dsp_clicks", "Unsupported scalar operation"),
    ],
)
def test_sql_that_does_not_compile_is_refused_at_once(
    amc: Amc, api: AmcClient, sql: str, text: str
) -> None:
    response = api.submit(sql)

    assert response.status_code == 400
    assert response.json()["details"].startswith("Was unable to compile workflow trans")
    assert PREFIX in response.json()["details"]
    assert text in response.json()["details"]
    assert amc.executions() == []


def test_or_by_a_switch_is_rejected_later(amc: Amc, api: AmcClient) -> None:
    amc.faults("late_refusal")

    execution = api.get(api.submitted("SELECT SUM(x) AS n FROM nowhere")).json()

    assert execution["status"] == "REJECTED"
    assert PREFIX in execution["statusReason"]


def test_sql_that_is_refused_uses_no_fault_up(amc: Amc, api: AmcClient) -> None:
    fault = amc.faults("failed", count=1)

    refused = api.submit("SELECT SUM(x) AS n FROM nowhere")

    assert (refused.status_code, amc.hits(fault)) == (400, 0)
    assert api.status(api.submitted()) == "FAILED"


def test_values_reach_declared_parameters(api: AmcClient) -> None:
    workflow = {"sqlQuery": BY_BRAND, "inputParameters": [BRAND]}

    without = api.submit(workflow=workflow)
    given = api.submit(workflow=workflow, parameterValues={"brand": "nobody"})

    assert without.status_code == 400
    assert given.json()["parameterValues"] == {"brand": "nobody"}
    assert api.status(given.json()["workflowExecutionId"]) == "SUCCEEDED"


def test_values_come_back_with_their_types(api: AmcClient) -> None:
    values = {"brand": "x", "n": 7, "share": 0.5, "on": True, "asins": ["a", "b"]}

    execution = api.submit(parameterValues=values).json()

    assert execution["parameterValues"] == values


@pytest.mark.parametrize("field", ["dryRun", "skipPublish"])
def test_what_is_not_to_write_has_nothing_to_download(
    api: AmcClient, field: str
) -> None:
    execution_id = api.submitted(**{field: True})

    execution = api.get(execution_id).json()
    assert execution["status"] == "SUCCEEDED"
    assert execution["outputChannels"][0]["status"] == "UNAVAILABLE"
    assert api.links(execution_id).status_code == 400


def test_synthetic_data_may_go_without_aggregation_controls(api: AmcClient) -> None:
    execution = api.submit(
        requireSyntheticData=True, disableAggregationControls=True
    ).json()

    assert execution["disableAggregationControls"] is True


def test_a_wrapped_answer_can_be_called_up(amc: Amc, api: AmcClient) -> None:
    amc.faults("wrapped")

    execution = api.submit().json()["workflowExecution"]

    assert list(api.get(execution["workflowExecutionId"]).json()) == [
        "workflowExecution"
    ]


def test_a_day_may_have_a_cap(amc: Amc, api: AmcClient) -> None:
    amc.faults("daily_cap", limit=2)

    answers = [api.submit().status_code for _ in range(3)]
    api.instance = "amcsandbox02"
    elsewhere = api.submit().status_code
    amc.advance(86_401)
    api.sign_in("Atzr|sandbox")
    api.instance = "amcsandbox01"

    assert (answers, elsewhere) == ([200, 200, 400], 200)
    assert api.submit().status_code == 200


def test_the_same_sql_over_the_same_days_can_use_up_its_privacy(
    amc: Amc, api: AmcClient
) -> None:
    amc.faults("overlap_refusal", limit=2)
    executions = [api.submit(f"{SQL} /* run {number} */").json() for number in range(3)]
    later = {"timeWindowStart": "2026-11-01T00:00:00"}
    beside = api.submitted(**{**later, "timeWindowEnd": "2026-11-08T00:00:00"})

    statuses = [api.status(e["workflowExecutionId"]) for e in executions]
    third = api.get(executions[2]["workflowExecutionId"]).json()

    assert statuses == ["SUCCEEDED", "SUCCEEDED", "REJECTED"]
    assert third["statusReason"] == (
        f'Execution "{third["workflowExecutionId"]}" of workflow '
        f'"{third["workflowId"]}" could not be run because too many workflows have '
        "already been run against the same input data sources in the same or "
        "overlapping time windows."
    )
    assert api.status(beside) == "SUCCEEDED"
