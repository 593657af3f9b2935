"""The conformance file lets good answers pass and stops bad ones, for each operation.

Without this the file could be empty and every other test still pass.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.amc.conformance import CONFORMANCE, operations, violations
from tests.amc.server import parsed

AT = "2026-11-23T14:12:00Z"
LOCAL = "2026-11-01T00:00:00"
INSTANCE: dict[str, Any] = {
    "instanceId": "amcsandbox01",
    "instanceName": "One",
    "customerCanonicalName": "One",
    "instanceType": "STANDARD",
    "creationStatus": "COMPLETED",
    "creationDatetime": AT,
    "s3BucketName": "",
    "s3BucketRegion": None,
    "awsAccountId": "000000000000",
    "dataUploadAwsAccountId": "000000000000",
    "apiEndpoint": "",
    "entities": ["ENTITY1SANDBOX"],
}
WORKFLOW: dict[str, Any] = {
    "workflowId": "weekly",
    "sqlQuery": "SELECT 1 AS one",
    "inputParameters": [{"name": "brand", "dataType": "STRING"}],
}
EXECUTION: dict[str, Any] = {
    "workflowExecutionId": "59291c73-d253-4ded-a86b-4710cd866d0d",
    "workflowId": "transient_59291c73-d253-4ded-a86b-4710cd866d0d",
    "status": "SUCCEEDED",
    "createTime": AT,
    "lastUpdatedTime": AT,
    "waitUntil": AT,
    "expireTime": AT,
    "timeWindowStart": AT,
    "timeWindowEnd": AT,
    "timeWindowStartOriginal": LOCAL,
    "timeWindowEndOriginal": LOCAL,
    "timeWindowTimeZoneOriginal": "UTC",
    "workflowExecutionTimeoutSeconds": 21600,
    "parameterValues": {"brand": "x", "n": 1, "list": ["a"]},
    "invalidationOffsetSecs": 266400,
    "disableAggregationControls": False,
    "requireSyntheticData": False,
    "outputS3URI": "N/A",
    "outputChannels": [{"channel": {"type": "DOWNLOAD"}, "status": "AVAILABLE"}],
}
LINK = "http://127.0.0.1:8899/results/x.csv?X-Amz-Expires=600&X-Amz-Signature=0"
SOURCE: dict[str, Any] = {
    "dataSourceId": "dsp_clicks",
    "columns": [{"name": "clicks", "columnType": "METRIC", "description": "LONG"}],
}
GOOD: dict[str, dict[str, Any]] = {
    "token": {
        "access_token": "Atza|x",
        "refresh_token": "Atzr|x",
        "token_type": "bearer",
        "expires_in": 3600,
    },
    "listAccounts": {
        "amcAccounts": [
            {
                "accountId": "ENTITY1SANDBOX",
                "accountName": "One",
                "marketplaceId": "ATVPDKIKX0DER",
            }
        ]
    },
    "listInstances": {"instances": [INSTANCE]},
    "getInstance": {"instance": INSTANCE},
    "listWorkflows": {"workflows": [WORKFLOW], "nextToken": "x"},
    "createWorkflow": {},
    "updateWorkflow": {},
    "deleteWorkflow": {},
    "getWorkflow": {"workflow": WORKFLOW},
    "listWorkflowExecutions": {"executions": [EXECUTION], "nextToken": None},
    "createWorkflowExecution": EXECUTION,
    "getWorkflowExecution": EXECUTION,
    "updateWorkflowExecution": {},
    "getWorkflowExecutionDownloadUrls": {
        "downloadUrls": [LINK],
        "metadataDownloadUrls": [LINK],
    },
    "listDataSources": {"dataSources": [SOURCE]},
    "getDataSource": {"dataSource": SOURCE},
}
OPTIONAL = {
    "refresh_token",
    "nextToken",
    "instanceType",
    "s3BucketRegion",
    "inputParameters",
}
"""What the good bodies above show beyond what every answer must have."""

Place = tuple[str | int, ...]


def places(body: Any, *, within: Place = ()) -> list[Place]:
    """Every field of a body, however deep; values of parameters are anybody's."""
    items = body.items() if isinstance(body, dict) else enumerate(body)
    found: list[Place] = []
    for name, value in items:
        place = (*within, name)
        found.append(place)
        if isinstance(value, dict | list) and name != "parameterValues":
            found += places(value, within=place)
    return found


def cases(*, required: bool) -> list[Any]:
    return [
        pytest.param(operation, place, id=f"{operation}-{'.'.join(map(str, place))}")
        for operation in GOOD
        for place in places(GOOD[operation])
        if isinstance(place[-1], str) and (not required or place[-1] not in OPTIONAL)
    ]


def changed(operation: str, place: Place, **value: Any) -> Any:
    """The good body without the field at a place, or with another `to` there."""
    body = copy.deepcopy(GOOD[operation])
    parent: Any = body
    for step in place[:-1]:
        parent = parent[step]
    if "to" in value:
        parent[place[-1]] = value["to"]
    else:
        del parent[place[-1]]
    return body


def test_there_is_a_good_body_for_each_operation() -> None:
    assert sorted(GOOD) == operations()


@pytest.mark.parametrize("operation", sorted(GOOD))
def test_a_good_body_passes(operation: str) -> None:
    assert violations(operation, 200, GOOD[operation]) == []


@pytest.mark.parametrize("operation", sorted(GOOD))
@pytest.mark.parametrize("body", [None, [], "", "text", 7, {"unheardOf": 1}])
def test_something_else_does_not(operation: str, body: object) -> None:
    assert violations(operation, 200, body)


@pytest.mark.parametrize(("operation", "place"), cases(required=True))
def test_a_missing_field_is_noticed(operation: str, place: Place) -> None:
    assert violations(operation, 200, changed(operation, place))


@pytest.mark.parametrize(("operation", "place"), cases(required=False))
@pytest.mark.parametrize("wrong", [[7], 0.5], ids=["list", "number"])
def test_a_field_of_another_type_is_noticed(
    operation: str, place: Place, wrong: object
) -> None:
    assert violations(operation, 200, changed(operation, place, to=wrong))


@pytest.mark.parametrize(
    ("operation", "place", "wrong"),
    [
        ("token", ("token_type",), "Bearer"),
        ("token", ("access_token",), "x"),
        ("token", ("expires_in",), 60),
        ("listAccounts", ("amcAccounts", 0, "accountId"), "1234"),
        ("listInstances", ("instances", 0, "creationStatus"), "DONE"),
        ("listInstances", ("instances", 0, "instanceType"), "sandbox"),
        ("getInstance", ("instance", "creationDatetime"), "2026-11-23"),
        ("getInstance", ("instance", "awsAccountId"), "1"),
        ("listWorkflows", ("workflows", 0, "workflowId"), "a b"),
        ("getWorkflow", ("workflow", "inputParameters", 0, "dataType"), "TEXT"),
        ("listWorkflowExecutions", ("executions", 0, "status"), "DONE"),
        ("listWorkflowExecutions", ("executions", 0, "status"), "succeeded"),
        ("createWorkflowExecution", ("status",), "QUEUED"),
        ("createWorkflowExecution", ("createTime",), "2026-11-23T14:12:00+00:00"),
        ("createWorkflowExecution", ("timeWindowStartOriginal",), AT),
        ("getWorkflowExecution", ("workflowExecutionId",), "7"),
        ("getWorkflowExecution", ("workflowExecutionTimeoutSeconds",), 60),
        ("getWorkflowExecution", ("outputChannels", 0, "status"), "READY"),
        ("getWorkflowExecution", ("outputChannels", 0, "channel", "type"), "S3"),
        ("getWorkflowExecution", ("status",), "FAILED"),
        ("getWorkflowExecution", ("parameterValues",), {"brand": {"a": 1}}),
        ("getWorkflowExecutionDownloadUrls", ("downloadUrls",), []),
        ("getWorkflowExecutionDownloadUrls", ("downloadUrls",), [LINK] * 6),
        ("getWorkflowExecutionDownloadUrls", ("downloadUrls",), ["/x.csv"]),
        ("listDataSources", ("dataSources", 0, "columns", 0, "columnType"), "KEY"),
        ("getDataSource", ("dataSource", "columns"), []),
    ],
)
def test_a_wrong_word_is_noticed(operation: str, place: Place, wrong: object) -> None:
    assert violations(operation, 200, changed(operation, place, to=wrong))


@pytest.mark.parametrize("status", ["FAILED", "REJECTED"])
def test_what_went_wrong_says_why_and_nothing_else_does(status: str) -> None:
    ended = {**EXECUTION, "status": status}

    assert violations("getWorkflowExecution", 200, ended)
    assert not violations("getWorkflowExecution", 200, {**ended, "statusReason": "So."})
    assert violations("getWorkflowExecution", 200, {**EXECUTION, "statusReason": "So."})


@pytest.mark.parametrize(
    "operation", ["createWorkflowExecution", "getWorkflowExecution"]
)
def test_the_wrapped_form_passes_too(operation: str) -> None:
    assert violations(operation, 200, {"workflowExecution": EXECUTION}) == []


def test_the_flat_workflow_passes_too() -> None:
    assert violations("getWorkflow", 200, WORKFLOW) == []


def test_a_page_has_a_hundred_at_most() -> None:
    body = {"executions": [EXECUTION] * 101}

    assert violations("listWorkflowExecutions", 200, body)


REPORTING = {"code": "400", "details": "No."}
ADMIN = {"message": "No.", "requestId": "1"}
LOGIN = {"error": "invalid_grant", "error_description": "No."}


@pytest.mark.parametrize(
    ("operation", "status", "body"),
    [
        ("listWorkflows", 400, REPORTING),
        ("listWorkflows", 400, {**REPORTING, "requestId": "1"}),
        ("getWorkflow", 404, {"code": "404", "details": "No."}),
        ("listInstances", 400, ADMIN),
        ("token", 400, LOGIN),
        ("token", 401, {"error": "invalid_client", "error_description": "No."}),
        ("listWorkflows", 429, {"code": "429", "details": "No."}),
        ("listWorkflows", 504, {"message": "Endpoint request timed out"}),
        ("listWorkflows", 502, "<html></html>"),
        ("download", 403, "<Error/>"),
        ("consent", 200, "<html></html>"),
    ],
)
def test_good_refusals_pass(operation: str, status: int, body: object) -> None:
    assert violations(operation, status, body) == []


@pytest.mark.parametrize(
    ("operation", "status", "body"),
    [
        ("listWorkflows", 400, {"code": "400"}),
        ("listWorkflows", 400, {"details": "No."}),
        ("listWorkflows", 400, {"code": 400, "details": "No."}),
        ("listWorkflows", 400, {"code": "403", "details": "No."}),
        ("listWorkflows", 400, {"code": "400", "details": ""}),
        ("listWorkflows", 400, ADMIN),
        ("listWorkflows", 400, "No."),
        ("listWorkflows", 404, {"code": "404", "details": "No."}),
        ("createWorkflowExecution", 404, {"code": "404", "details": "No."}),
        ("listWorkflows", 201, {"workflows": []}),
        ("listWorkflows", 418, {"code": "418", "details": "No."}),
        ("listWorkflows", 502, {"code": "502", "details": "No."}),
        ("listInstances", 400, REPORTING),
        ("listInstances", 400, {"message": "No."}),
        ("token", 400, {"error": "invalid_grant"}),
        ("token", 400, {"error": "gone", "error_description": "No."}),
        ("token", 401, LOGIN),
        ("token", 400, {"error": "invalid_client", "error_description": "No."}),
        ("token", 403, LOGIN),
    ],
)
def test_bad_refusals_are_noticed(operation: str, status: int, body: object) -> None:
    assert violations(operation, status, body)


def test_an_operation_nobody_knows_is_an_error() -> None:
    with pytest.raises(LookupError, match="No such operation: fetch"):
        violations("fetch", 200, {})


def test_every_deviation_names_its_sources() -> None:
    known = set(CONFORMANCE["sources"])

    for deviation in CONFORMANCE["deviations"]:
        assert deviation["document"]
        assert deviation["practice"]
        assert set(deviation["sources"]) <= known


def test_a_body_that_is_no_json_stays_text() -> None:
    assert (parsed("<html>"), parsed("{}")) == ("<html>", {})
