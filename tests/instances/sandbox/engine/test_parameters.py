"""Parameters are values, typed as declared, and never text of the query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from instances.sandbox.engine.contract import DeclaredParameter, QueryRefused
from instances.sandbox.engine.engine import Engine
from tests.instances.sandbox.engine.conftest import Ask

Check = Callable[..., Any]
SQL = "SELECT CUSTOM_PARAMETER('p') AS x FROM (VALUES (1)) AS one(n)"


def declare(
    data_type: str, element_type: str | None = None, default: object = None
) -> tuple[DeclaredParameter, ...]:
    return (
        DeclaredParameter(
            name="p", data_type=data_type, element_type=element_type, default=default
        ),
    )


VALUES: list[tuple[str, object, str]] = [
    ("STRING", "x", "x"),
    ("STRING", "'; DROP TABLE f_dsp; --", "'; DROP TABLE f_dsp; --"),
    ("STRING", "", ""),
    ("STRING", 5, "5"),
    ("LONG", 12, "12"),
    ("LONG", "12", "12"),
    ("INTEGER", " 7 ", "7"),
    ("SHORT", 3, "3"),
    ("BYTE", 3, "3"),
    ("DOUBLE", 1.5, "1.5"),
    ("FLOAT", "2.5", "2.5"),
    ("DECIMAL", "3.25", "3.2500"),
    ("BOOLEAN", True, "true"),
    ("BOOLEAN", "False", "false"),
    ("DATE", "2026-01-31", "2026-01-31"),
    ("TIMESTAMP", "2026-01-31T10:00:00", "2026-01-31T10:00:00.000"),
    ("LONG", None, ""),
]

UNFIT: list[tuple[str, object]] = [
    ("LONG", "x"),
    ("LONG", 1.5),
    ("LONG", True),
    ("LONG", [1]),
    ("LONG", "1; DROP TABLE f_dsp"),
    ("DOUBLE", "one"),
    ("BOOLEAN", "maybe"),
    ("DATE", "2026-02-30"),
    ("DATE", "31.01.2026"),
    ("TIMESTAMP", "soon"),
    ("STRING", {"a": 1}),
]


@pytest.mark.parametrize(("data_type", "value", "expected"), VALUES)
def test_a_value_arrives_with_its_type(
    ask: Ask, data_type: str, value: object, expected: str
) -> None:
    rows = ask(SQL, declared=declare(data_type), values={"p": value})

    assert rows == [{"x": expected}]


@pytest.mark.parametrize(("data_type", "value"), UNFIT)
def test_a_value_of_another_type_is_refused(
    check: Check, data_type: str, value: object
) -> None:
    with pytest.raises(QueryRefused, match=f"parameter 'p' is not of type {data_type}"):
        check(SQL, declared=declare(data_type), values={"p": value})


def test_the_default_is_used_when_no_value_is_given(ask: Ask) -> None:
    assert ask(SQL, declared=declare("LONG", default="9")) == [{"x": "9"}]


def test_a_value_given_goes_before_the_default(ask: Ask) -> None:
    rows = ask(SQL, declared=declare("LONG", default=9), values={"p": 4})

    assert rows == [{"x": "4"}]


def test_neither_value_nor_default_is_refused(check: Check) -> None:
    with pytest.raises(QueryRefused, match="No value was given for parameter 'p'"):
        check(SQL, declared=declare("LONG"))


def test_the_name_is_case_sensitive(check: Check) -> None:
    with pytest.raises(QueryRefused, match="Parameter 'P' was not declared"):
        check(SQL.replace("'p'", "'P'"), declared=declare("LONG"), values={"p": 1})


@pytest.mark.parametrize(
    ("element_type", "value", "expected"),
    [
        ("STRING", ["a", "b"], "[a, b]"),
        ("LONG", [1, "2"], "[1, 2]"),
        ("STRING", [], "[]"),
    ],
)
def test_an_array_arrives_with_its_elements(
    ask: Ask, element_type: str, value: object, expected: str
) -> None:
    rows = ask(SQL, declared=declare("ARRAY", element_type), values={"p": value})

    assert rows == [{"x": expected}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [([], 8), (["ALL"], 8), (["570000799819"], 1), (["nothing"], 0)],
)
def test_the_idiom_for_all_campaigns_works(
    ask: Ask, engine: Engine, value: list[str], expected: int
) -> None:
    rows = ask(
        "SELECT campaign_id, COUNT(*) AS n FROM dsp_impressions"
        " WHERE CARDINALITY(CUSTOM_PARAMETER('p')) = 0"
        " OR ARRAY_CONTAINS(CUSTOM_PARAMETER('p'), 'ALL')"
        " OR ARRAY_CONTAINS(CUSTOM_PARAMETER('p'), campaign_id) GROUP BY 1",
        advertisers=engine.advertisers_of(1),
        declared=declare("ARRAY", "STRING"),
        values={"p": value},
    )

    assert len(rows) == expected


def test_an_absent_value_can_switch_a_filter_off(ask: Ask) -> None:
    sql = (
        "SELECT COUNT(*) AS n FROM dsp_impressions"
        " WHERE CUSTOM_PARAMETER('p') IS NULL OR campaign = CUSTOM_PARAMETER('p')"
    )

    everything = ask(sql, declared=declare("STRING"), values={"p": None})

    assert everything == ask("SELECT COUNT(*) AS n FROM dsp_impressions")


def test_a_parameter_can_be_no_table(check: Check) -> None:
    with pytest.raises(QueryRefused):
        check(
            "SELECT campaign FROM CUSTOM_PARAMETER('p')",
            declared=declare("STRING"),
            values={"p": "dsp_impressions"},
        )
