"""Tokens of SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.sql.lexer import Kind, tokens


def kinds(sql: str) -> list[tuple[str, str]]:
    return [(str(token.kind), token.text) for token in tokens(sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("'it''s'", [("literal", "'it''s'")]),
        ("'a' 'b'", [("literal", "'a'"), ("space", " "), ("literal", "'b'")]),
        ("''", [("literal", "''")]),
        ("''''", [("literal", "''''")]),
        ("'a''", [("unclosed", "'a''")]),
        ("'a''b", [("unclosed", "'a''b")]),
        ("'-- no'", [("literal", "'-- no'")]),
        ('"a""b"', [("identifier", '"a""b"')]),
        ("`a``b`", [("identifier", "`a``b`")]),
        ('"a', [("unclosed", '"a')]),
        ("-- it's\nx", [("comment", "-- it's"), ("space", "\n"), ("word", "x")]),
        ("// it's\rx", [("comment", "// it's"), ("space", "\r"), ("word", "x")]),
        ("/* it's\n*/x", [("comment", "/* it's\n*/"), ("word", "x")]),
        (
            "/* a /* b */*/",
            [("comment", "/* a /* b */"), ("symbol", "*"), ("symbol", "/")],
        ),
        ("/* a", [("unclosed", "/* a")]),
        ("{{x}}", [("placeholder", "{{x}}")]),
        ("{{ x_1 }}", [("placeholder", "{{ x_1 }}")]),
        (
            "{{1}}",
            [
                (k, t)
                for k, t in zip(
                    ["symbol"] * 2 + ["number"] + ["symbol"] * 2, "{{1}}", strict=True
                )
            ],
        ),
        ("1.5e-3", [("number", "1.5e-3")]),
        (".5", [("number", ".5")]),
        ("-5", [("number", "-5")]),
        (
            "a - 5",
            [
                ("word", "a"),
                ("space", " "),
                ("symbol", "-"),
                ("space", " "),
                ("number", "5"),
            ],
        ),
        ("größe_1", [("word", "größe_1")]),
        ("a<>b", [("word", "a"), ("symbol", "<"), ("symbol", ">"), ("word", "b")]),
        ("", []),
    ],
)
def test_tokens(sql: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(sql) == expected


@given(sql=st.text() | st.text(alphabet="'\"`-/*{}x1. \n"))
def test_the_tokens_are_the_sql(sql: str) -> None:
    found = list(tokens(sql))

    assert "".join(token.text for token in found) == sql
    assert [token.start for token in found] == [
        sum(len(earlier.text) for earlier in found[:index])
        for index in range(len(found))
    ]


def test_long_text_without_end_takes_no_longer_than_its_length() -> None:
    (token,) = tokens("'" + "a''" * 100_000)

    assert token.kind is Kind.UNCLOSED
