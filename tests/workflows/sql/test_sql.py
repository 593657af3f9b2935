"""Checking SQL, and folding it to one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidSql
from workflows.sql import MAX_BYTES, check_sql, one_line
from workflows.sql.lexer import BLANK, tokens


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("SELECT 1", "SELECT 1"),
        ("-- note\n-- another\nSELECT a\nFROM t", "SELECT a FROM t"),
        ("SELECT a -- note\nFROM t", "SELECT a FROM t"),
        ("SELECT a // note\nFROM t", "SELECT a FROM t"),
        ("SELECT a/* b */FROM t", "SELECT a FROM t"),
        ("SELECT 'x  -- y /* z */'", "SELECT 'x  -- y /* z */'"),
        ("SELECT 'it''s'\t,\n\n\"a  b\"", "SELECT 'it''s' , \"a  b\""),
        ("  SELECT 1 ;\n", "SELECT 1"),
        ("SELECT 1; -- done", "SELECT 1"),
        ("SELECT\u00a0a", "SELECT a"),
        ("SELECT {{x}}", "SELECT {{x}}"),
        ("SELECT 1 -/**/- 1", "SELECT 1 - - 1"),
        ("-- only", ""),
        ("", ""),
    ],
)
def test_one_line(sql: str, line: str) -> None:
    assert one_line(sql) == line
    assert one_line(line) == line


sql_parts = st.lists(
    st.sampled_from(
        [
            *("SELECT", "a", "1", "-1", "'x  y'", "'it''s'", "'-- no'", '"q  r"'),
            *(" ", "\n", "\t ", "-- c\n", "/* c\n */", "// c\n", "{{x}}"),
            *("(", ")", ",", "=", "-", "/", "*", "'/* no */'"),
        ]
    )
).map("".join)


@given(sql=sql_parts)
def test_one_line_keeps_every_token_of_the_code(sql: str) -> None:
    def code(text: str) -> list[str]:
        return [token.text for token in tokens(text) if token.kind not in BLANK]

    assert code(one_line(sql)) == code(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT 1;",
        "-- note\nSELECT a,\n\tb FROM t -- end",
        "SELECT ARRAY['a'] FROM t WHERE (a = ']')",
        "SELECT 'it’s', \"na’me\" FROM t -- it’s",
        "SELECT '; not ( a statement'",
        "SELECT größe FROM t WHERE x LIKE '%{{brand}}%'",
        "SELECT '" + "x" * 90_000 + "'",
    ],
)
def test_good_sql_is_let_through(sql: str) -> None:
    check_sql(sql)


@pytest.mark.parametrize(
    ("sql", "code", "position", "words"),
    [
        ("", "sql_syntax", 0, "empty"),
        (" \n\t", "sql_syntax", 0, "empty"),
        ("-- only\n/* comments */", "sql_syntax", 0, "empty"),
        (";", "sql_syntax", 0, "a statement must come before"),
        ("SELECT 1; DROP TABLE t", "sql_syntax", 10, "Line 1, column 11: a second"),
        ("SELECT 1;\n-- x\n;", "sql_syntax", 15, "Line 3, column 1"),
        ("SELECT 'a", "sql_syntax", 7, "the ' here is never closed"),
        ("SELECT 'it's'", "sql_syntax", 12, "the ' here is never closed"),
        ('SELECT "a', "sql_syntax", 7, 'the " here is never closed'),
        ("SELECT 1 /* a", "sql_syntax", 9, "the /* here is never closed"),
        ("SELECT (1", "sql_syntax", 7, "the ( here is never closed"),
        ("SELECT 1)", "sql_syntax", 8, "this ) closes nothing"),
        ("SELECT (a]", "sql_syntax", 9, "this ] closes nothing"),
        ("SELECT\n 'a\nb'", "newline_in_literal", 10, "begins at line 2, column 2"),
        ("SELECT 'a\tb'", "newline_in_literal", 9, "Line 1, column 10"),
        ('SELECT "a\rb"', "newline_in_literal", 9, "one line only"),
        ("SELECT \x00", "sql_charset", 7, r"the character \x00"),
        ("SELECT '\x07'", "sql_charset", 8, r"the character \x07"),
        ("SELECT '\ud800'", "sql_charset", 8, r"the character \ud800"),
        ("SELECT ’a’", "sql_charset", 7, "straight quote '"),
        ("SELECT “a” FROM t", "sql_charset", 7, "typographic"),
        ("\ufeffSELECT 1", "sql_charset", 0, r"invisible character, \ufeff"),
        ("SELECT\u200b 1", "sql_charset", 6, r"\u200b"),
        ("SELECT '" + "x" * MAX_BYTES + "'", "sql_too_long", None, "100,000"),
        ("SELECT '" + "é" * 60_000 + "'", "sql_too_long", None, "100,000"),
        (None, "type", None, "must be text"),
        (b"SELECT 1", "type", None, "must be text"),
        (["SELECT 1"], "type", None, "must be text"),
    ],
)
def test_bad_sql_is_refused_with_its_place(
    sql: Any, code: str, position: int | None, words: str
) -> None:
    with pytest.raises(InvalidSql) as caught:
        check_sql(sql)

    error = caught.value
    assert (error.code, error.field, error.position) == (code, "sql", position)
    assert words in error.message
    assert error.message.encode()


@given(sql=st.text() | sql_parts)
def test_checking_raises_nothing_but_the_domain_error(sql: str) -> None:
    try:
        check_sql(sql)
    except InvalidSql:
        return
    line = one_line(sql)
    check_sql(line)
    assert len(line.splitlines()) == 1
