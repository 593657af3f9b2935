"""Saved workflows."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from tests.amc.server import Amc
from tests.instances.sandbox.client import SQL, AmcClient

PARAMETER = {"name": "brand", "dataType": "STRING", "columnType": "DIMENSION"}


def create(api: AmcClient, workflow_id: str = "weekly", **fields: Any) -> Response:
    body = {"workflowId": workflow_id, "sqlQuery": SQL, **fields}
    return api.reporting("POST", "workflows", json=body)


def read(api: AmcClient, workflow_id: str = "weekly") -> Response:
    return api.reporting("GET", f"workflows/{workflow_id}")


def replace(api: AmcClient, workflow_id: str, **body: Any) -> Response:
    return api.reporting("PUT", f"workflows/{workflow_id}", json=body)


def test_a_workflow_is_read_as_it_was_created(api: AmcClient) -> None:
    response = create(api, inputParameters=[PARAMETER])

    assert (response.status_code, response.json()) == (200, {})
    assert read(api).json() == {
        "workflow": {
            "workflowId": "weekly",
            "sqlQuery": SQL,
            "inputParameters": [PARAMETER],
        }
    }


def test_it_can_be_told_to_come_flat(amc: Amc, api: AmcClient) -> None:
    create(api)
    amc.faults("flat")

    assert read(api).json()["workflowId"] == "weekly"


def test_an_id_is_taken_once_in_an_instance(api: AmcClient) -> None:
    create(api)

    again = create(api)
    api.instance = "amcsandbox02"

    assert (again.status_code, again.json()["details"]) == (
        400,
        "Workflow with ID weekly already exists.",
    )
    assert create(api).status_code == 200


def test_put_replaces_the_whole_definition(api: AmcClient) -> None:
    create(api, inputParameters=[PARAMETER])

    response = replace(api, "weekly", sqlQuery="SELECT 1 AS one")

    assert (response.status_code, response.json()) == (200, {})
    assert read(api).json()["workflow"] == {
        "workflowId": "weekly",
        "sqlQuery": "SELECT 1 AS one",
    }


def test_put_does_not_rename(api: AmcClient) -> None:
    create(api)

    response = replace(api, "weekly", workflowId="other", sqlQuery=SQL)

    assert response.status_code == 400
    assert read(api, "other").status_code == 404


def test_delete_takes_it_away(api: AmcClient) -> None:
    create(api)

    response = api.reporting("DELETE", "workflows/weekly")

    assert (response.status_code, response.json()) == (200, {})
    assert read(api).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_there_is_404(api: AmcClient, method: str) -> None:
    response = api.reporting(method, "workflows/nobody", json={"sqlQuery": SQL})

    assert (response.status_code, response.json()["details"]) == (
        404,
        "Workflow with ID nobody does not exist",
    )


def test_a_new_one_can_be_not_found_yet(amc: Amc, api: AmcClient) -> None:
    create(api)
    amc.faults("not_found", operation="getWorkflow", count=1)

    assert read(api).status_code == 404
    assert read(api).status_code == 200


def test_they_are_listed_in_pages(api: AmcClient) -> None:
    for number in range(5):
        create(api, f"w{number}")

    first = api.reporting("GET", "workflows", params={"limit": "3"}).json()
    token = first["nextToken"]
    second = api.reporting(
        "GET", "workflows", params={"limit": "3", "nextToken": token}
    ).json()

    assert [w["workflowId"] for w in first["workflows"]] == ["w0", "w1", "w2"]
    assert [w["workflowId"] for w in second["workflows"]] == ["w3", "w4"]
    assert "nextToken" not in second


@pytest.mark.parametrize("workflow_id", ["a b", "", "ä", "a/b", "x" * 101, "a\n"])
def test_an_id_has_only_the_allowed_characters(
    api: AmcClient, workflow_id: str
) -> None:
    response = create(api, workflow_id)

    assert response.status_code == 400
    assert "workflowId" in response.json()["details"]


@pytest.mark.parametrize("workflow_id", ["A.b-c_9", "x" * 100])
def test_an_id_may_have_all_the_allowed_characters(
    api: AmcClient, workflow_id: str
) -> None:
    assert create(api, workflow_id).status_code == 200


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"sqlQuery": None}, "sqlQuery"),
        ({"sqlQuery": "  "}, "sqlQuery"),
        ({"sqlQuery": 7}, "sqlQuery"),
        ({"inputParameters": {}}, "inputParameters"),
        ({"inputParameters": [1]}, "inputParameters"),
        ({"inputParameters": [PARAMETER] * 101}, "inputParameters"),
        ({"inputParameters": [PARAMETER] * 2}, "brand"),
        ({"inputParameters": [{"dataType": "STRING"}]}, "name"),
        ({"inputParameters": [{**PARAMETER, "dataType": "TEXT"}]}, "dataType"),
        ({"inputParameters": [{**PARAMETER, "dataType": ["LONG"]}]}, "dataType"),
        ({"inputParameters": [{**PARAMETER, "columnType": "X"}]}, "columnType"),
        ({"outputFormat": "CSV"}, "outputFormat"),
        ({"outputColumns": "n"}, "outputColumns"),
        ({"privacyFilteringBehavior": "KEEP"}, "privacyFilteringBehavior"),
    ],
)
def test_a_wrong_field_is_named(
    api: AmcClient, fields: dict[str, Any], named: str
) -> None:
    response = create(api, **fields)

    assert response.status_code == 400
    assert named in response.json()["details"]
    assert read(api).status_code == 404


def test_sql_is_compiled_when_it_is_saved(api: AmcClient) -> None:
    response = create(api, sqlQuery="SELECT SUM(impressions) AS n FROM dsp_impresions")

    assert response.status_code == 400
    assert response.json()["details"].startswith(
        "Was unable to compile workflow weekly because it was found to be invalid: "
    )
    assert "Object 'dsp_impresions' not found" in response.json()["details"]


def test_declared_parameters_need_no_value_yet(api: AmcClient) -> None:
    sql = (
        "SELECT SUM(impressions) AS n FROM dsp_impressions "
        "WHERE campaign = CUSTOM_PARAMETER('brand')"
    )

    assert create(api, sqlQuery=sql, inputParameters=[PARAMETER]).status_code == 200
    assert create(api, "undeclared", sqlQuery=sql).status_code == 400


def test_an_array_parameter_is_an_object(api: AmcClient) -> None:
    array = {"type": "ARRAY", "elementDataType": "STRING"}
    sql = (
        "SELECT SUM(impressions) AS n FROM dsp_impressions "
        "WHERE ARRAY_CONTAINS(CUSTOM_PARAMETER('brand'), campaign)"
    )

    response = create(
        api, sqlQuery=sql, inputParameters=[{**PARAMETER, "dataType": array}]
    )

    assert response.status_code == 200
