"""Text, numbers, dates and truth values may be mixed as AMC mixes them."""

from __future__ import annotations

import pytest

from tests.instances.sandbox.engine.conftest import Ask

CONDITIONS: list[tuple[str, bool]] = [
    ("'12' = 12", True),
    ("12 = '12'", True),
    ("'x' = 12", False),
    ("'12.5' > 12", True),
    ("'12.50' = 12.5", True),
    ("CAST('7' AS STRING) < 10", True),
    ("'7' BETWEEN 1 AND 10", True),
    ("7 BETWEEN '1' AND '10'", True),
    ("'7' IN (7, 8)", True),
    ("7 IN ('7', 'x')", True),
    ("7 NOT IN ('8', 'x')", True),
    ("'7' IN (SELECT n FROM (VALUES (7)) AS v(n))", True),
    ("7 IN (SELECT n FROM (VALUES ('7')) AS v(n))", True),
    ("DATE '2026-01-02' = '2026-01-02'", True),
    ("DATE '2026-01-02' > '2026-01-01T10:00:00'", True),
    ("'2026-01-02' < CURRENT_DATE", True),
    ("DATE '2026-01-02' < TIMESTAMP '2026-01-02 10:00:00'", True),
    ("TRUE = 'true'", True),
    ("12 LIKE '1%'", True),
    ("'5' + 1 = 6", True),
    ("'5' * '2' = 10", True),
    ("- '5' = 0 - 5", True),
    ("COALESCE('x', 1) = 'x'", True),
    ("IF(1 = 1, 5, 'x') = '5'", True),
    ("CASE WHEN 1 = 2 THEN 'x' ELSE 5 END = '5'", True),
    ("CASE '1' WHEN 1 THEN TRUE END", True),
    ("ARRAY_CONTAINS(ARRAY['1', '2'], 2)", True),
    ("ARRAY_CONTAINS(ARRAY[1, 2], '3')", False),
    ("CAST('' AS LONG) IS NULL", True),
    ("CAST('2026-13-01' AS DATE) IS NULL", True),
    ("1 IS NOT DISTINCT FROM '1'", True),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_a_condition_over_mixed_types_has_its_value(
    ask: Ask, condition: str, expected: bool
) -> None:
    rows = ask(f"SELECT IF({condition}, 'yes', 'no') AS x")

    assert rows == [{"x": "yes" if expected else "no"}]


def test_a_column_of_numbers_is_compared_with_text(ask: Ask) -> None:
    as_text = "campaign_id = '570000799819'"
    as_numbers = "campaign_id_string = 570000799819"
    sql = "SELECT COUNT(*) AS n FROM dsp_impressions WHERE "

    assert ask(sql + as_text) == ask(sql + as_numbers) != [{"n": "0"}]


def test_columns_of_different_types_are_joined(ask: Ask) -> None:
    rows = ask(
        "SELECT COUNT(*) AS n FROM (SELECT DISTINCT campaign_id AS a FROM"
        " dsp_impressions) x JOIN (SELECT DISTINCT campaign_id_string AS a FROM"
        " dsp_impressions) y ON x.a = y.a"
    )

    assert rows == ask("SELECT COUNT(DISTINCT campaign_id) AS n FROM dsp_impressions")


def test_branches_of_different_types_become_text(ask: Ask) -> None:
    rows = ask(
        "SELECT CASE WHEN n > 2 THEN '3+' ELSE n END AS x"
        " FROM (VALUES (1), (2), (3)) AS v(n)"
    )

    assert sorted(row["x"] for row in rows) == ["1", "2", "3+"]


@pytest.mark.parametrize(("order", "expected"), [("n", "1 2 "), ("n DESC", " 2 1")])
def test_null_sorts_as_the_largest(ask: Ask, order: str, expected: str) -> None:
    rows = ask(
        "SELECT ROW_NUMBER() OVER (ORDER BY"
        f" {order}) AS place, n FROM (VALUES (1), (2), (NULL)) AS v(n)"
    )

    in_order = sorted(rows, key=lambda row: row["place"])
    assert " ".join(row["n"] for row in in_order) == expected


def test_values_take_their_names_from_the_cte(ask: Ask) -> None:
    rows = ask(
        "WITH v(kind, weight) AS (VALUES ('a', 1), ('b', 2))"
        " SELECT kind, weight * '2' AS double FROM v WHERE weight = '2'"
    )

    assert rows == [{"kind": "b", "double": "4.0"}]


def test_a_cte_may_rename_its_columns(ask: Ask) -> None:
    rows = ask("WITH x(a, b) AS (SELECT 1, 'z') SELECT b, a FROM x")

    assert rows == [{"b": "z", "a": "1"}]


def test_doubled_names_are_numbered(ask: Ask) -> None:
    assert ask("SELECT 1 AS x, 2 AS x, 3 AS x") == [{"x": "1", "x0": "2", "x1": "3"}]


def test_what_has_no_name_is_called_as_calcite_calls_it(ask: Ask) -> None:
    assert ask("SELECT 1, 1 + 1") == [{"expr$0": "1", "expr$1": "2"}]


def test_names_come_out_in_lower_case(ask: Ask) -> None:
    assert ask("SELECT 1 AS Total") == [{"total": "1"}]
