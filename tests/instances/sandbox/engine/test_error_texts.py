"""What is wrong with a query is said in AMC's words, with line and column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from instances.sandbox.engine.contract import QueryRefused

Check = Callable[..., Any]

TEXTS: list[tuple[str, str]] = [
    (
        "SELECT campaign FROM dsp_impresions GROUP BY 1",
        "From line 1, column 22 to line 1, column 35:"
        " Object 'dsp_impresions' not found",
    ),
    (
        "SELECT\n  impresions\nFROM dsp_impressions",
        "From line 2, column 3 to line 2, column 12:"
        " Column 'impresions' not found in any table",
    ),
    (
        "SELECT i.nothing FROM dsp_impressions i",
        "From line 1, column 8 to line 1, column 16:"
        " Column 'nothing' not found in table 'i'",
    ),
    (
        "SELECT x.campaign FROM dsp_impressions i",
        "At line 1, column 8: Table 'x' not found",
    ),
    (
        "SELECT campaign FROM dsp_impressions a JOIN dsp_clicks b"
        " ON a.user_id = b.user_id",
        "From line 1, column 8 to line 1, column 15: Column 'campaign' is ambiguous",
    ),
    (
        "SELECT campaign, impressions FROM dsp_impressions GROUP BY campaign",
        "From line 1, column 18 to line 1, column 28:"
        " Expression 'impressions' is not being grouped",
    ),
    (
        "SELECT campaign, SUM(impressions) FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 15:"
        " Expression 'campaign' is not being grouped",
    ),
    (
        "SELECT SUM(impressions) FROM dsp_impressions HAVING clicked > 1",
        "From line 1, column 53 to line 1, column 59:"
        " Column 'clicked' not found in any table",
    ),
    (
        "SELECT MEDIAN(1, 2) FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 19:"
        " No match found for function signature MEDIAN(<NUMERIC>, <NUMERIC>)",
    ),
    (
        "SELECT GETDATE() FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 16:"
        " No match found for function signature GETDATE()",
    ),
    (
        "SELECT foo('a', campaign) FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 25:"
        " No match found for function signature FOO(<CHARACTER>, <ANY>)",
    ),
    (
        "SELECT campaign FROM WHERE 1 = 1",
        'Encountered "WHERE" at line 1, column 22',
    ),
    (
        "SELECT campaign\nFROM dsp_impressions\nGROUP 1",
        'Encountered "1" at line 3, column 7',
    ),
    ("", "The query has no statement"),
    ("SELECT 1; SELECT 2", "The query has more than one statement"),
    ("DELETE FROM dsp_impressions", "Only SELECT queries are supported"),
    (
        "SELECT a.campaign FROM dsp_clicks a RIGHT JOIN dsp_impressions b"
        " ON a.user_id = b.user_id",
        "From line 1, column 48 to line 1, column 64: RIGHT JOIN is not supported",
    ),
    (
        "SELECT campaign || 'x' FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 22:"
        " Unsupported scalar operation type ||",
    ),
    (
        "SELECT * FROM dsp_impressions",
        "SELECT * is not supported on a data source: name the columns",
    ),
    (
        "SELECT i.* FROM dsp_impressions i",
        "SELECT * is not supported on a data source: name the columns",
    ),
    (
        "SELECT user_id FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 14: Column 'user_id' has the"
        " aggregation threshold VERY_HIGH and can't be part of the output",
    ),
    (
        "SELECT MAX(user_id) AS who FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 26: Column 'who' has the"
        " aggregation threshold VERY_HIGH and can't be part of the output",
    ),
    (
        "SELECT marketplace_id, COUNT(*) AS n FROM conversions_all GROUP BY 1",
        "From line 1, column 8 to line 1, column 21: Column 'marketplace_id' has the"
        " aggregation threshold INTERNAL and can't be part of the output",
    ),
    (
        "SELECT COUNT(*) AS n FROM dsp_impressions WHERE postal_code = '10001'",
        "From line 1, column 49 to line 1, column 59: Column 'postal_code' has the"
        " aggregation threshold HIGH and can't be compared with a literal",
    ),
    (
        "SELECT campaign FROM dsp_impressions GROUP BY 1 ORDER BY 1",
        "ORDER BY is not supported in the outermost query",
    ),
    (
        "SELECT campaign FROM dsp_impressions GROUP BY 1 LIMIT 5",
        "LIMIT is not supported in the outermost query",
    ),
    (
        "SELECT campaign FROM dsp_impressions WHERE SUM(impressions) > 1",
        "From line 1, column 44 to line 1, column 59:"
        " Aggregate expression is illegal in WHERE clause",
    ),
    (
        "SELECT SUM(COUNT(*)) FROM dsp_impressions",
        "From line 1, column 12 to line 1, column 19:"
        " Aggregate expressions cannot be nested",
    ),
    (
        "SELECT campaign FROM other.dsp_impressions",
        "From line 1, column 22 to line 1, column 42: Object 'other' not found",
    ),
    (
        "SELECT CUSTOM_PARAMETER('x') AS p FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 28: Parameter 'x' was not declared",
    ),
    (
        "SELECT BUILT_IN_PARAMETER('NOW') AS p FROM dsp_impressions",
        "From line 1, column 8 to line 1, column 32:"
        " Built-in parameter 'NOW' not found",
    ),
    (
        "SELECT campaign FROM TABLE(EXTEND_TIME_WINDOW('dsp_clicks', '14', 'P0D'))",
        "From line 1, column 28 to line 1, column 72: '14' is not an ISO 8601 duration",
    ),
    (
        "SELECT campaign FROM EXTEND_TIME_WINDOW('nothing', 'P1D', 'P0D')",
        "From line 1, column 22 to line 1, column 64: Object 'nothing' not found",
    ),
    (
        "SELECT campaign FROM dsp_impressions WHERE EXTRACT(MOON FROM event_dt) = 1",
        'Encountered "MOON" at line 1, column 52',
    ),
]

UNSUPPORTED = [
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
    "SELECT campaign FROM dsp_impressions QUALIFY ROW_NUMBER() OVER (ORDER BY campaign)"
    " = 1",
    "SELECT campaign FROM dsp_impressions TABLESAMPLE (10 PERCENT)",
    "SELECT campaign FROM dsp_impressions EXCEPT SELECT campaign FROM dsp_clicks",
    "SELECT campaign FROM dsp_impressions INTERSECT SELECT campaign FROM dsp_clicks",
    "SELECT campaign, COUNT(*) AS n FROM dsp_impressions GROUP BY ROLLUP(campaign)",
    "SELECT campaign, COUNT(*) AS n FROM dsp_impressions GROUP BY CUBE(campaign)",
    "SELECT campaign, COUNT(*) AS n FROM dsp_impressions GROUP BY ALL",
    "SELECT campaign FROM dsp_impressions NATURAL JOIN dsp_clicks",
    "SELECT DISTINCT ON (campaign) campaign FROM dsp_impressions",
    "SELECT CAST(campaign AS JSON) AS x FROM dsp_impressions",
    "SELECT campaign FROM (SELECT campaign FROM dsp_impressions LIMIT 5 OFFSET 2) GROUP"
    " BY 1",
]


@pytest.mark.parametrize(("sql", "expected"), TEXTS)
def test_a_faulty_query_is_refused_in_amcs_words(
    check: Check, sql: str, expected: str
) -> None:
    with pytest.raises(QueryRefused) as refusal:
        check(sql)

    assert expected in str(refusal.value)


@pytest.mark.parametrize("sql", UNSUPPORTED)
def test_what_amc_does_not_know_is_refused(check: Check, sql: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        check(sql)

    assert str(refusal.value)


def test_an_alias_may_be_used_in_group_by_and_having(check: Check) -> None:
    columns = check(
        "SELECT UPPER(campaign) AS name, COUNT(*) AS n FROM dsp_impressions"
        " GROUP BY name HAVING n > 3"
    )

    assert [column.name for column in columns] == ["name", "n"]


def test_an_alias_may_not_be_used_in_where(check: Check) -> None:
    with pytest.raises(QueryRefused, match="Column 'name' not found in any table"):
        check("SELECT UPPER(campaign) AS name FROM dsp_impressions WHERE name = 'A'")


WRONG_ARGUMENTS: list[tuple[str, str]] = [
    (
        "SELECT LEFT(ARRAY[1], 2) AS x",
        "Cannot apply 'LEFT' to arguments of type 'LEFT(<ARRAY<INT>>, <INT>)'",
    ),
    (
        "SELECT SUM(impression_dt) AS x FROM dsp_impressions",
        "Cannot apply 'SUM' to arguments of type 'SUM(<TIMESTAMP>)'",
    ),
    (
        "SELECT DATE_TRUNC('moon', impression_dt) AS x FROM dsp_impressions",
        "DATE_TRUNC needs a time frame in quotes first",
    ),
    (
        "SELECT ROW_NUMBER() AS x FROM dsp_impressions",
        "OVER clause is necessary for ROW_NUMBER",
    ),
    (
        "SELECT LOWER(campaign) OVER () AS x FROM dsp_impressions",
        "OVER must be applied to aggregate function",
    ),
    ("SELECT SUM(*) AS x FROM dsp_impressions", "Unknown argument * of SUM"),
    ("SELECT (1, 2) AS x FROM dsp_impressions", "Misplaced TUPLE"),
    ("SELECT campaign FROM dsp_impressions GROUP BY 2", "Ordinal out of range"),
    (
        "SELECT campaign FROM dsp_clicks UNION SELECT campaign, site FROM dsp_clicks",
        "Column count mismatch in UNION",
    ),
    ("SELECT FROM dsp_impressions", "The query selects nothing"),
    (
        "SELECT campaign FROM dsp_impressions WHERE site IS campaign",
        "IS must be followed by NULL, TRUE or FALSE",
    ),
]


@pytest.mark.parametrize(("sql", "expected"), WRONG_ARGUMENTS)
def test_what_the_database_would_complain_of_is_said_in_sql_s_words(
    check: Check, sql: str, expected: str
) -> None:
    with pytest.raises(QueryRefused) as refusal:
        check(sql)

    assert expected in str(refusal.value)
