"""Warnings about SQL: personal data."""

from __future__ import annotations

import pytest

from workflows.sql.warnings import sql_warnings


@pytest.mark.parametrize(
    ("sql", "words", "position"),
    [
        ("SELECT 1 WHERE m = 'a.b+c@example.com'", "an e-mail address", 20),
        ("SELECT 1\nWHERE p = '+49 30 1234567'", "a phone number at line 2", 20),
        ("SELECT 'call (212) 555-0100'", "a phone number", 13),
        ("SELECT '212-555-0100'", "a phone number", 8),
    ],
)
def test_personal_data_is_pointed_at(sql: str, words: str, position: int) -> None:
    (warning,) = sql_warnings(sql)

    assert (warning.code, warning.position) == ("personal_data", position)
    assert words in warning.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t -- ask me@example.com",
        "SELECT 1 WHERE campaign_id IN (580123456789012345, 2125550100)",
        "SELECT '2026-11-30 09:00:00', DATE '2026-11-30', 1.234, 'a@b'",
        "SELECT '{{brand}}', CUSTOM_PARAMETER('x')",
        "SELECT 'B07X1C2D3E', '192.168.100.1000'",
    ],
)
def test_ids_dates_and_comments_are_not_personal(sql: str) -> None:
    assert sql_warnings(sql) == []


def test_long_words_without_an_address_take_no_longer_than_their_length() -> None:
    assert sql_warnings("SELECT '" + "x" * 90_000 + "'") == []
    assert sql_warnings("SELECT '" + "x.-+" * 20_000 + "'") == []
