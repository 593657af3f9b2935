from __future__ import annotations

from typing import Any

import pytest

from tests.amc.server import Amc
from tests.workflows.conftest import Clock, with_version
from workflows.errors import InvalidParameter, InvalidSql, InvalidWindow
from workflows.executions import requests
from workflows.executions.submission import submit
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

SQL = """
-- weekly reach
SELECT {{column}} AS "what", CUSTOM_PARAMETER('brands') AS brands
  FROM dsp_impressions /* all of them */
 WHERE advertiser IN ({{names}}) AND '--' <> '/* */';
"""
DECLARED = [
    {"name": "column", "dataType": "STRING"},
    {"name": "names", "dataType": {"type": "ARRAY", "elementDataType": "STRING"}},
    {
        "name": "brands",
        "dataType": {"type": "ARRAY", "elementDataType": "INTEGER"},
        "description": "Brand ids",
    },
    {"name": "unused", "dataType": "INTEGER", "defaultValue": 7},
]
VALUES = {"column": "O'Neill", "names": ["a", "b"], "brands": [1, 2]}


@pytest.fixture
def asking(execution: WorkflowExecution) -> WorkflowExecution:
    """It asks with values of both kinds."""
    with_version(execution, SQL, DECLARED)
    execution.parameter_values = VALUES
    return execution


def test_the_body_says_everything_and_saves_nothing(asking: WorkflowExecution) -> None:
    request = requests.build(asking)

    assert request.body == {
        "workflow": {
            "sqlQuery": "SELECT 'O''Neill' AS \"what\", CUSTOM_PARAMETER('brands')"
            " AS brands FROM dsp_impressions WHERE advertiser IN ('a', 'b')"
            f" AND '--' <> '/* */' /* amc-scheduler {asking.mark} */",
            "inputParameters": [DECLARED[2]],
        },
        "parameterValues": {"brands": [1, 2]},
        "timeWindowType": "EXPLICIT",
        "timeWindowStart": "2026-11-14T00:00:00",
        "timeWindowEnd": "2026-11-21T00:00:00",
        "timeWindowTimeZone": "UTC",
        "workflowExecutionTimeoutSeconds": 21_600,
    }


def test_without_parameters_none_are_mentioned(execution: WorkflowExecution) -> None:
    body = requests.build(execution).body

    assert "parameterValues" not in body
    assert "inputParameters" not in body["workflow"]


def test_zone_limit_and_synthetic_data_are_those_of_the_row(
    execution: WorkflowExecution,
) -> None:
    execution.window_timezone = "America/New_York"
    execution.time_limit_seconds = 900
    execution.instance.requires_synthetic_data = True

    body = requests.build(execution).body

    assert body["timeWindowTimeZone"] == "America/New_York"
    assert body["timeWindowStart"] == "2026-11-14T00:00:00"
    assert body["workflowExecutionTimeoutSeconds"] == 900
    assert body["requireSyntheticData"] is True


def test_the_same_row_makes_the_same_request(asking: WorkflowExecution) -> None:
    one, other = requests.build(asking), requests.build(asking)

    assert one.sha256 == other.sha256
    assert one.size_bytes == len(one.encoded)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"parameter_values": {}}, InvalidParameter),
        ({"parameter_values": VALUES | {"brands": ["x"]}}, InvalidParameter),
        ({"parameter_values": VALUES | {"other": 1}}, InvalidParameter),
        ({"window_start": None}, InvalidWindow),
        ({"window_end": None}, InvalidWindow),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    changes: dict[str, Any], error: type[Exception], asking: WorkflowExecution
) -> None:
    for name, value in changes.items():
        setattr(asking, name, value)

    with pytest.raises(error):
        requests.build(asking)


def test_sql_that_cannot_be_put_on_one_line_is_named(
    execution: WorkflowExecution,
) -> None:
    with_version(execution, "SELECT 'unclosed")

    with pytest.raises(InvalidSql):
        requests.build(execution)


def test_amazon_takes_values_of_both_kinds(
    execution: WorkflowExecution, amazon: Amc, clock: Clock
) -> None:
    sql = (
        "SELECT advertiser, COUNT(*) AS n FROM dsp_impressions"
        " WHERE ARRAY_CONTAINS(CUSTOM_PARAMETER('names'), advertiser)"
        " OR advertiser = {{one}} GROUP BY 1"
    )
    declared = [DECLARED[1], {"name": "one", "dataType": "STRING"}]
    with_version(execution, sql, declared)
    values = {"names": ["Acme", "Beta"], "one": "O'Neill"}
    WorkflowExecution.objects.update(parameter_values=values)

    submit(execution.pk, now=clock)

    execution.refresh_from_db()
    assert execution.state == State.PENDING, execution.message
