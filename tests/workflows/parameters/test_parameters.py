"""Parameters: declared, merged, evaluated and checked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from workflows.errors import InvalidParameter
from workflows.parameters import (
    check,
    check_declarations,
    check_expressions,
    check_references,
    custom_parameters,
    evaluate,
    merge,
    render,
    typed,
)
from workflows.windows import Window

NINE = datetime.fromisoformat("2026-11-30T09:00:00")
WINDOW = Window(date(2026, 11, 21), date(2026, 11, 28))
MONDAY = date(2026, 11, 30)


def declared(data_type: object, **more: object) -> list[dict[str, object]]:
    return [{"name": "x", "dataType": data_type, **more}]


def array_of(element: str) -> dict[str, str]:
    return {"type": "ARRAY", "elementDataType": element}


def test_later_levels_overrule_earlier_ones() -> None:
    workflow = {"a": 1, "b": [1, 2]}

    merged = merge(workflow, None, {"b": [3]}, {}, {"c": None})

    assert merged == {"a": 1, "b": [3], "c": None}
    assert workflow == {"a": 1, "b": [1, 2]}
    assert merge() == {}


@pytest.mark.parametrize(
    ("data_type", "value", "in_python", "sent"),
    [
        ("STRING", "it's", "it's", "it's"),
        ("STRING", "", "", ""),
        ("STRING", "x" * 1024, "x" * 1024, "x" * 1024),
        ("BOOLEAN", False, False, False),
        ("BYTE", -128, -128, -128),
        ("SHORT", 32_767, 32_767, 32_767),
        ("INTEGER", -5, -5, -5),
        ("LONG", 2**63 - 1, 2**63 - 1, 2**63 - 1),
        ("DOUBLE", 1, Decimal(1), 1.0),
        ("DOUBLE", 0.1, Decimal("0.1"), 0.1),
        ("FLOAT", "-2.5", Decimal("-2.5"), -2.5),
        ("DECIMAL", "12.50", Decimal("12.50"), "12.50"),
        ("DECIMAL", 12.5, Decimal("12.5"), "12.5"),
        ("DECIMAL", 7, Decimal(7), "7"),
        ("DECIMAL", Decimal("1E+3"), Decimal(1000), "1000"),
        ("DECIMAL", "9" * 38, Decimal("9" * 38), "9" * 38),
        ("DATE", "2026-11-30", MONDAY, "2026-11-30"),
        ("DATE", MONDAY, MONDAY, "2026-11-30"),
        ("TIMESTAMP", "2026-11-30T09:00:00", NINE, "2026-11-30T09:00:00"),
        ("TIMESTAMP", "2026-11-30 09:00", NINE, "2026-11-30T09:00:00"),
        ("TIMESTAMP", NINE, NINE, "2026-11-30T09:00:00"),
        (
            "TIMESTAMP",
            "2026-11-30",
            NINE.replace(hour=0),
            "2026-11-30T00:00:00",
        ),
        ("BINARY", "aGk=", "aGk=", "aGk="),
        ("CALENDAR_INTERVAL", "P1D", "P1D", "P1D"),
        (array_of("STRING"), ["a", "b"], ["a", "b"], ["a", "b"]),
        (array_of("LONG"), (1, 2), [1, 2], [1, 2]),
        (array_of("DATE"), ["2026-11-30"], [MONDAY], ["2026-11-30"]),
        (array_of("STRING"), ["a"] * 1000, ["a"] * 1000, ["a"] * 1000),
    ],
)
def test_a_value_of_its_type(
    data_type: object, value: object, in_python: object, sent: object
) -> None:
    declarations = declared(data_type)

    assert typed(declarations, {"x": value}) == {"x": in_python}
    assert check(declarations, {"x": value}) == {"x": sent}
    assert json.loads(json.dumps(check(declarations, {"x": value}))) == {"x": sent}


@pytest.mark.parametrize(
    ("data_type", "value", "code"),
    [
        ("STRING", 1, "type"),
        ("STRING", ["a"], "type"),
        ("STRING", "x" * 1025, "too_long"),
        ("STRING", "x" * 1_000_000, "too_long"),
        ("STRING", "a\nb", "control_character"),
        ("STRING", "\ud800", "control_character"),
        ("BOOLEAN", 1, "type"),
        ("BOOLEAN", "true", "type"),
        ("INTEGER", "1", "type"),
        ("INTEGER", 1.0, "type"),
        ("INTEGER", True, "type"),
        ("INTEGER", 2**31, "range"),
        ("BYTE", 128, "range"),
        ("SHORT", -32_769, "range"),
        ("LONG", 2**63, "range"),
        ("LONG", -(2**63) - 1, "range"),
        ("DOUBLE", True, "type"),
        ("DOUBLE", "1e5", "type"),
        ("DOUBLE", "NaN", "type"),
        ("DOUBLE", float("nan"), "not_finite"),
        ("DOUBLE", float("-inf"), "not_finite"),
        ("DOUBLE", 10**400, "range"),
        ("DECIMAL", "1,5", "type"),
        ("DECIMAL", "٣", "type"),
        ("DECIMAL", "1_0", "type"),
        ("DECIMAL", Decimal("NaN"), "not_finite"),
        ("DECIMAL", "1" + "0" * 38, "range"),
        ("DECIMAL", "0." + "1" * 39, "range"),
        ("DATE", "2026-02-30", "type"),
        ("DATE", "30.11.2026", "type"),
        ("DATE", "20261130", "type"),
        ("DATE", "2026-11-30T00:00:00", "type"),
        ("DATE", NINE, "type"),
        ("DATE", 5, "type"),
        ("TIMESTAMP", "2026-11-30T09:00:00Z", "type"),
        ("TIMESTAMP", "2026-11-30T25:00:00", "type"),
        ("TIMESTAMP", NINE.replace(tzinfo=UTC), "type"),
        ("TIMESTAMP", "9 am", "type"),
        ("BINARY", "no base64!", "type"),
        ("BINARY", "é", "type"),
        (array_of("STRING"), "a", "type"),
        (array_of("STRING"), {"a": 1}, "type"),
        (array_of("STRING"), [], "empty_list"),
        (array_of("STRING"), ["a", 1], "type"),
        (array_of("STRING"), ["a", None], "type"),
        (array_of("STRING"), [["a"]], "type"),
        (array_of("STRING"), ["a"] * 100_000, "too_many"),
        (array_of("LONG"), ["1"], "type"),
        ("STRING", {"expr": "slot.date"}, "type"),
    ],
)
def test_a_value_of_another_type_is_refused(
    data_type: object, value: object, code: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check(declared(data_type), {"x": value})

    assert (caught.value.code, caught.value.field) == (code, "parameters.x")
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({}, "missing", "parameters.x"),
        ({"x": None}, "missing", "parameters.x"),
        ({"x": "a", "y": 1}, "unknown", "parameters.y"),
        ({"x": "a", "X": 1}, "unknown", "parameters.X"),
        (None, "type", "parameters"),
        ([["x", "a"]], "type", "parameters"),
    ],
)
def test_missing_and_unknown_values_are_refused(
    values: Any, code: str, field: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check(declared("STRING"), values)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_default_stands_for_a_missing_value() -> None:
    declarations = declared("INTEGER", defaultValue=100)

    assert check(declarations, {}) == {"x": 100}
    assert check(declarations, {"x": None}) == {"x": 100}
    assert check(declarations, {"x": 5}) == {"x": 5}


@pytest.mark.parametrize(
    ("declarations", "code", "field"),
    [
        (None, "type", "parameters"),
        ({"x": "STRING"}, "type", "parameters"),
        (["x"], "type", "parameters"),
        ([{"dataType": "STRING"}], "name", "parameters"),
        ([{"name": "1x", "dataType": "STRING"}], "name", "parameters"),
        ([{"name": "a-b", "dataType": "STRING"}], "name", "parameters"),
        ([{"name": "x" * 64, "dataType": "STRING"}], "name", "parameters"),
        ([{"name": "x"}], "type", "parameters.x"),
        (declared("TEXT"), "type", "parameters.x"),
        (declared("ARRAY"), "type", "parameters.x"),
        (declared(["STRING"]), "type", "parameters.x"),
        (declared({"type": "ARRAY"}), "type", "parameters.x"),
        (declared({"type": "MAP", "elementDataType": "LONG"}), "type", "parameters.x"),
        (declared(array_of("ARRAY")), "type", "parameters.x"),
        (declared("STRING") * 2, "duplicate", "parameters.x"),
        (declared("STRING") * 51, "too_many", "parameters"),
        (declared("INTEGER", defaultValue="five"), "type", "parameters.x"),
        (declared(array_of("LONG"), defaultValue=[]), "empty_list", "parameters.x"),
    ],
)
def test_a_bad_declaration_is_refused(declarations: Any, code: str, field: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_declarations(declarations)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_good_declarations_are_let_through() -> None:
    check_declarations([])
    check_declarations(declared("STRING", description="any", columnType="DIMENSION"))
    check_declarations(declared(array_of("LONG"), defaultValue=[1]))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("window.start", "2026-11-21"),
        ("window.end", "2026-11-28"),
        ("slot.date", "2026-11-30"),
        ("window.end - 1 day", "2026-11-27"),
        ("window.start-14 days", "2026-11-07"),
        ("slot.date + 0 days", "2026-11-30"),
        ("  slot.date  +  2  days ", "2026-12-02"),
    ],
)
def test_an_expression_is_a_date(expression: str, expected: str) -> None:
    values = {"x": {"expr": expression}, "y": 5}

    assert evaluate(values, WINDOW, MONDAY) == {"x": expected, "y": 5}


@pytest.mark.parametrize(
    "value",
    [
        {"expr": "now()"},
        {"expr": "window.days"},
        {"expr": "window.start + 1 month"},
        {"expr": "window.start + 1 day + 1 day"},
        {"expr": "window.start + -1 days"},
        {"expr": "window.start + 12345 days"},
        {"expr": "window.start + ٣ days"},
        {"expr": "Window.start"},
        {"expr": "__import__('os')"},
        {"expr": ""},
        {"expr": None},
        {"expr": 5},
        {"expr": "slot.date", "zone": "UTC"},
        {"value": 5},
        {},
    ],
)
def test_nothing_else_is_an_expression(value: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter) as evaluated:
        evaluate({"x": value}, WINDOW, MONDAY)
    with pytest.raises(InvalidParameter) as checked:
        check_expressions({"x": value})

    for error in (evaluated.value, checked.value):
        assert (error.code, error.field) == ("expression", "parameters.x")


def test_an_expression_that_leads_out_of_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="calendar"):
        evaluate({"x": {"expr": "slot.date + 9999 days"}}, WINDOW, date(9990, 1, 1))


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT CUSTOM_PARAMETER('a'), custom_parameter ( 'b' )", ("a", "b")),
        ("CUSTOM_PARAMETER('a') CUSTOM_PARAMETER('a')", ("a",)),
        ("-- CUSTOM_PARAMETER('a')\n'CUSTOM_PARAMETER(''b'')'", ()),
        ("CUSTOM_PARAMETER(/* the */ 'a')", ("a",)),
        ("BUILT_IN_PARAMETER('TIME_WINDOW_START')", ()),
        ("CUSTOM_PARAMETER(a)", ()),
        ("CUSTOM_PARAMETER(", ()),
    ],
)
def test_custom_parameters_are_named_once_in_their_order(
    sql: str, names: tuple[str, ...]
) -> None:
    assert custom_parameters(sql) == names


@pytest.mark.parametrize("sql", ["{{y}}", "'{{y}}'", "CUSTOM_PARAMETER('y')"])
def test_what_the_sql_uses_must_be_declared(sql: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_references(sql, declared("STRING"))

    assert (caught.value.code, caught.value.field) == ("undeclared", "parameters.y")


def test_a_declared_name_need_not_be_used() -> None:
    check_references("SELECT {{x}}, CUSTOM_PARAMETER('x')", declared("STRING"))
    check_references("SELECT 1", declared("STRING"))


def test_values_go_from_a_schedule_to_the_sql_of_a_run() -> None:
    declarations = [
        {"name": "since", "dataType": "DATE"},
        {"name": "brands", "dataType": array_of("STRING")},
        {"name": "least", "dataType": "INTEGER", "defaultValue": 100},
    ]
    sql = "SELECT a FROM t WHERE d >= {{since}} AND b IN ({{brands}}) AND n > {{least}}"

    merged = merge(
        {"brands": ["x"]}, {"since": {"expr": "window.start"}}, {"brands": ["o'k"]}
    )
    values = typed(declarations, evaluate(merged, WINDOW, MONDAY))

    assert render(sql, values) == (
        "SELECT a FROM t WHERE d >= DATE '2026-11-21' AND b IN ('o''k') AND n > 100"
    )


@pytest.mark.parametrize(
    ("data_type", "written", "value"),
    [
        ("INTEGER", "3", 3),
        ("LONG", "-7", -7),
        ("BOOLEAN", "true", True),
        ("STRING", "3", "3"),
        ({"type": "ARRAY", "elementDataType": "STRING"}, '["a", "b"]', ["a", "b"]),
    ],
)
def test_a_default_may_be_written_as_text_as_amazon_writes_it(
    data_type: object, written: str, value: object
) -> None:
    declared = [{"name": "x", "dataType": data_type, "defaultValue": written}]

    assert check(declared, {}) == {"x": value}


def test_a_default_that_is_no_number_is_refused() -> None:
    declared = [{"name": "x", "dataType": "INTEGER", "defaultValue": "three"}]

    with pytest.raises(InvalidParameter, match="x must be a whole number"):
        check_declarations(declared)
