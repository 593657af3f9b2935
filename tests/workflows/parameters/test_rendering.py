"""Rendering: values stay values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import tokenize

from workflows.errors import InvalidParameter
from workflows.parameters import placeholders, render
from workflows.sql.lexer import Kind, tokens

NINE = datetime.fromisoformat("2026-11-21T09:00:00")
NASTY = [
    "' OR 1=1 --",
    "'); DELETE FROM t; --",
    "\\'",
    "\\",
    "''",
    "{{other}}",
    "{{x}}",
    "CUSTOM_PARAMETER('x')",
    "/* */",
    "// x",
    '"',
    "`",
    "a'b",
    "",
    " ",
    "’",
    "日本",
]


@pytest.mark.parametrize(
    ("sql", "value", "rendered"),
    [
        ("a = {{x}}", "it's", "a = 'it''s'"),
        ("a = {{ x }}", "", "a = ''"),
        ("a = {{x}}", True, "a = TRUE"),
        ("a = {{x}}", 5, "a = 5"),
        ("a = {{x}}", -5, "a = -5"),
        ("a = {{x}}", Decimal("12.50"), "a = 12.50"),
        ("a = {{x}}", Decimal("1E+3"), "a = 1000"),
        ("a = {{x}}", Decimal("-0.001"), "a = -0.001"),
        ("a = {{x}}", date(2026, 11, 21), "a = DATE '2026-11-21'"),
        ("a = {{x}}", NINE, "a = TIMESTAMP '2026-11-21 09:00:00'"),
        (
            "a = {{x}}",
            NINE.replace(microsecond=500),
            "a = TIMESTAMP '2026-11-21 09:00:00.000500'",
        ),
        # Lists, with parentheses of their own only where they stand in none.
        ("a IN {{x}}", ["b", "c'd"], "a IN ('b', 'c''d')"),
        ("a IN ({{x}})", ["b", "c"], "a IN ('b', 'c')"),
        ("a IN ( {{x}} )", ("b", "c"), "a IN ( 'b', 'c' )"),
        ("a IN ('z', {{x}})", [1, -2], "a IN ('z', 1, -2)"),
        ("a IN ({{x}} /* all */)", [1], "a IN (1 /* all */)"),
        ("ARRAY[{{x}}]", [1, 2], "ARRAY[1, 2]"),
        ("(a IN {{x}} AND b)", [1, 2], "(a IN (1, 2) AND b)"),
        ("SELECT a, {{x}}, b", [1, 2], "SELECT a, (1, 2), b"),
        ("a IN {{x}}", [date(2026, 1, 2)], "a IN (DATE '2026-01-02')"),
        # In a text in quotes.
        ("a LIKE '%{{x}}%'", "o'x", "a LIKE '%o''x%'"),
        ("a = DATE '{{x}}'", date(2026, 11, 21), "a = DATE '2026-11-21'"),
        ("a = '{{x}}'", NINE, "a = '2026-11-21 09:00:00'"),
        ("a = '{{x}}{{x}}'", -5, "a = '-5-5'"),
        ("a = '{{x}}'", False, "a = 'false'"),
        ("a = '{{x}}'", Decimal("1E+2"), "a = '100'"),
        # A value never grows together with its neighbours.
        ("a-{{x}}", -5, "a- -5"),
        ("a{{x}}b", 5, "a 5 b"),
        ("'a'{{x}}'b'", "c", "'a' 'c' 'b'"),
        ("{{x}}{{x}}", 1, "1  1"),
        ("1.{{x}}", 5, "1. 5"),
        ("a=-{{x}}", 5, "a=- 5"),
        # One pass: what a value contains is not looked at again.
        ("{{x}} '{{x}}'", "{{x}}", "'{{x}}' '{{x}}'"),
    ],
)
def test_a_value_is_written_as_what_it_is(sql: str, value: Any, rendered: str) -> None:
    assert render(sql, {"x": value}) == rendered


def test_sql_without_placeholders_stays_as_it_is() -> None:
    sql = "SELECT 'a' -- {x} {{\n/* }} */ FROM t"

    assert render(sql, {}) == sql


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "null"),
        (float("nan"), "not_finite"),
        (float("inf"), "not_finite"),
        (1.5, "type"),
        (Decimal("NaN"), "not_finite"),
        (Decimal("-Infinity"), "not_finite"),
        (Decimal("1E+999999"), "range"),
        (Decimal("1E-999999"), "range"),
        (10**100, "range"),
        ([], "empty_list"),
        ((), "empty_list"),
        (["a", None], "type"),
        ([None], "null"),
        (["a", 1], "type"),
        ([True, 1], "type"),
        ([date(2026, 1, 1), NINE], "type"),
        ([["a"]], "type"),
        ({"a": 1}, "type"),
        (b"a", "type"),
        ({"a"}, "type"),
        (datetime(2026, 1, 1, tzinfo=UTC), "type"),
        ("a\nb", "control_character"),
        ("a\tb", "control_character"),
        ("a\x00b", "control_character"),
        ("a\x7fb", "control_character"),
        ("a\x85b", "control_character"),
        ("a\u2028b", "control_character"),
        ("a\ud800b", "control_character"),
        (["a", "b\r"], "control_character"),
    ],
)
@pytest.mark.parametrize("sql", ["a = {{x}}", "a = '{{x}}'"])
def test_what_cannot_be_written_is_refused(sql: str, value: Any, code: str) -> None:
    if "'" in sql and isinstance(value, list | tuple):
        code = "list_in_literal"

    with pytest.raises(InvalidParameter) as caught:
        render(sql, {"x": value})

    assert (caught.value.code, caught.value.field) == (code, "parameters.x")
    assert caught.value.message.startswith("x ")
    assert caught.value.message.encode()


@pytest.mark.parametrize(
    ("sql", "values", "code", "field"),
    [
        ("{{x}}", {}, "missing", "parameters.x"),
        ("'{{x}}' {{y}}", {"x": 1}, "missing", "parameters.y"),
        ("{{x}}", {"x": 1, "y": 2}, "unknown", "parameters.y"),
        ("SELECT 1", {"x": 1}, "unknown", "parameters.x"),
        ("{{x}}", {"x": 1, 5: 2}, "unknown", "parameters.5"),
        ("-- {{x}}", {"x": 1}, "placeholder_in_comment", "parameters.x"),
        ("/* {{x}} */ {{x}}", {"x": 1}, "placeholder_in_comment", "parameters.x"),
        ('"{{x}}"', {"x": 1}, "placeholder_in_identifier", "parameters.x"),
        ("`a{{x}}`", {"x": 1}, "placeholder_in_identifier", "parameters.x"),
        ("'{{x}}", {"x": 1}, "placeholder_in_unclosed", "parameters.x"),
        (r"E'\{{x}}'", {"x": "'"}, "placeholder_in_escaped_text", "parameters.x"),
        ("{{x-y}}", {"x": 1}, "placeholder_syntax", "parameters"),
        ("'{{}}'", {}, "placeholder_syntax", "parameters"),
        ("{{x}", {"x": 1}, "placeholder_syntax", "parameters"),
        ("{{x}}", None, "type", "parameters"),
        ("{{x}}", ["x"], "type", "parameters"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    sql: str, values: Any, code: str, field: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        render(sql, values)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_placeholders_are_named_once_in_their_order() -> None:
    sql = "SELECT {{b}}, '{{a}} {{ c }}', {{b}} -- nothing"

    assert placeholders(sql) == ("b", "a", "c")
    assert placeholders("SELECT 1") == ()


def shape(sql: str) -> list[str]:
    return [token.kind for token in tokens(sql)]


TEMPLATES = [
    "SELECT {{x}}",
    "a={{x}}",
    "(a-{{x}})",
    "a -{{x}}-1",
    "'a'{{x}}'b'",
    "a{{x}}1",
    "{{x}}{{x}}",
    "/*c*/{{x}}--d",
    "{{x}};",
    '"q"{{x}}"r"',
    "1{{x}}.5",
    "a BETWEEN {{x}} AND {{x}}",
    "IN ({{x}}, 'z')",
]
IN_QUOTES = ["'{{x}}'", "LIKE '%{{x}}_'", "'''{{x}}''' {{x}}", "'{{x}}{{x}}'"]
text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
nasty_text = text | st.sampled_from(NASTY) | st.text(alphabet="'\\-/*{}x\"` ;")
VALUES_OF_A_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": nasty_text,
    "bool": st.booleans(),
    "int": st.integers(-(10**30), 10**30),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False, places=4)
    | st.integers(-9, 9).map(Decimal),
    "date": st.dates(),
    "datetime": st.datetimes(),
}


@pytest.mark.parametrize("template", [*TEMPLATES, *IN_QUOTES])
@pytest.mark.parametrize("kind", VALUES_OF_A_TYPE)
@given(data=st.data())
def test_the_tokens_keep_kind_and_number_for_every_value(
    template: str, kind: str, data: st.DataObject
) -> None:
    one, other = (data.draw(VALUES_OF_A_TYPE[kind]) for _ in range(2))

    assert shape(render(template, {"x": one})) == shape(render(template, {"x": other}))


@pytest.mark.parametrize("template", ["a IN {{x}}", "a IN ('z',{{x}})", "f({{x}})"])
@pytest.mark.parametrize("kind", VALUES_OF_A_TYPE)
@given(data=st.data(), size=st.integers(1, 4))
def test_lists_of_one_length_keep_the_tokens_too(
    template: str, kind: str, size: int, data: st.DataObject
) -> None:
    lists = st.lists(VALUES_OF_A_TYPE[kind], min_size=size, max_size=size)
    one, other = data.draw(lists), data.draw(lists)

    assert shape(render(template, {"x": one})) == shape(render(template, {"x": other}))


@pytest.mark.parametrize("template", [*TEMPLATES, *IN_QUOTES])
@given(value=nasty_text)
def test_a_text_comes_out_of_the_sql_as_it_went_in(template: str, value: str) -> None:
    rendered = render(template, {"x": value})

    literals = [token.text for token in tokens(rendered) if token.kind is Kind.LITERAL]
    texts = [literal[1:-1].replace("''", "'") for literal in literals]
    samples = [
        literal.text[1:-1].replace("''", "'").replace("sample", value)
        for literal in tokens(render(template, {"x": "sample"}))
        if literal.kind is Kind.LITERAL
    ]
    assert texts == samples


def kinds_of_another_lexer(sql: str) -> list[str]:
    return [str(token.token_type) for token in tokenize(sql)]


@pytest.mark.parametrize("template", ["SELECT {{x}}", "a LIKE '%{{x}}%'", "f({{x}})"])
@pytest.mark.parametrize("lexer", [kinds_of_another_lexer])
@given(value=nasty_text)
def test_another_lexer_sees_the_same_tokens(
    template: str, lexer: Callable[[str], list[str]], value: str
) -> None:
    sample = lexer(render(template, {"x": "sample"}))

    assert lexer(render(template, {"x": value})) == sample
