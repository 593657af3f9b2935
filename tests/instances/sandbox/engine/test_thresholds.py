"""No row of a result speaks of fewer people than its columns ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from instances.sandbox.engine.contract import DeclaredParameter, QueryRefused
from tests.instances.sandbox.engine.conftest import START, Ask, window

Check = Callable[..., Any]

CITIES = (
    "SELECT city_name, COUNT(DISTINCT user_id) AS people"
    " FROM dsp_impressions GROUP BY 1"
)


def people_by(
    raw: duckdb.DuckDBPyConnection, columns: str, start: datetime = START
) -> dict[Any, int]:
    rows = raw.execute(
        f"SELECT {columns}, count(DISTINCT user_id) FROM dsp_impressions"
        f" WHERE {window(start)} GROUP BY ALL"
    ).fetchall()
    return {row[:-1] if len(row) > 2 else row[0]: row[-1] for row in rows}


def test_rows_of_a_low_column_need_two_people(
    ask: Ask, raw: duckdb.DuckDBPyConnection
) -> None:
    people = people_by(raw, "creative, device_type")

    rows = ask(
        "SELECT creative, device_type, COUNT(DISTINCT user_id) AS n"
        " FROM dsp_impressions GROUP BY 1, 2"
    )

    found = {(row["creative"], row["device_type"]): int(row["n"]) for row in rows}
    assert found == {key: count for key, count in people.items() if count >= 2}
    assert len(found) < len(people)


def test_rows_of_a_high_column_need_a_hundred_people(
    ask: Ask, raw: duckdb.DuckDBPyConnection
) -> None:
    people = people_by(raw, "city_name")

    rows = ask(CITIES)

    found = {row["city_name"]: int(row["people"]) for row in rows}
    assert found == {city: n for city, n in people.items() if n >= 100}
    assert 0 < len(found) < len(people)


def test_rows_of_a_medium_column_need_a_hundred_people(ask: Ask) -> None:
    rows = ask("SELECT bid_price, COUNT(*) AS n FROM dsp_impressions GROUP BY 1")

    assert rows == []


def test_a_total_needs_one_person(ask: Ask) -> None:
    assert len(ask("SELECT SUM(impressions) AS n FROM dsp_impressions")) == 1


def test_removing_values_keeps_the_rows_and_their_metrics(
    ask: Ask, raw: duckdb.DuckDBPyConnection
) -> None:
    people = people_by(raw, "city_name")

    rows = ask(CITIES, privacy="REMOVE_VALUES")

    assert len(rows) == len(people)
    assert sum(int(row["people"]) for row in rows) == sum(people.values())
    assert {row["city_name"] for row in rows} == {
        *(city for city, n in people.items() if n >= 100),
        "",
    }


def test_rows_that_are_not_grouped_are_one_persons(ask: Ask) -> None:
    assert ask("SELECT campaign, impressions FROM dsp_impressions") == []


SHAPES = {
    "a CTE grouped by user": (
        "WITH u AS (SELECT user_id, creative FROM dsp_impressions GROUP BY 1, 2)"
        " SELECT creative, COUNT(*) AS n FROM u GROUP BY 1"
    ),
    "grouped twice": (
        "WITH u AS (SELECT creative, COUNT(*) AS n FROM dsp_impressions GROUP BY 1)"
        " SELECT creative, SUM(n) AS n FROM u GROUP BY 1"
    ),
    "grouped by day first": (
        "WITH u AS (SELECT creative, impression_date, COUNT(*) AS n FROM"
        " dsp_impressions GROUP BY 1, 2)"
        " SELECT creative, SUM(n) AS n FROM u GROUP BY 1"
    ),
    "a union of groups and single rows": (
        "SELECT creative, SUM(n) AS n FROM (SELECT creative, COUNT(*) AS n FROM"
        " dsp_impressions GROUP BY 1 UNION ALL SELECT creative, impressions AS n FROM"
        " dsp_impressions) GROUP BY 1"
    ),
    "a union with a list": (
        "SELECT creative, SUM(n) AS n FROM (SELECT creative, COUNT(*) AS n FROM"
        " dsp_impressions GROUP BY 1 UNION ALL SELECT a, 1 FROM"
        " (VALUES ('nobody saw it')) AS v(a)) GROUP BY 1"
    ),
    "a subquery": (
        "SELECT creative FROM (SELECT creative, COUNT(*) AS n FROM dsp_impressions"
        " GROUP BY 1)"
    ),
    "distinct": "SELECT DISTINCT creative FROM dsp_impressions",
    "distinct over a window": (
        "SELECT DISTINCT creative, SUM(impressions) OVER (PARTITION BY creative) AS n"
        " FROM dsp_impressions"
    ),
    "a union of distinct rows": (
        "SELECT DISTINCT creative FROM dsp_impressions"
        " UNION SELECT creative FROM dsp_impressions"
    ),
    "a union of single rows": (
        "SELECT creative FROM dsp_impressions UNION SELECT creative FROM"
        " dsp_impressions"
    ),
    "a union under a grouping": (
        "SELECT creative, COUNT(*) AS n FROM (SELECT creative, user_id FROM"
        " dsp_impressions UNION ALL SELECT creative, user_id FROM dsp_impressions)"
        " GROUP BY 1"
    ),
    "a window function at the root": (
        "SELECT creative, SUM(n) OVER () AS total FROM (SELECT creative, COUNT(*) AS n"
        " FROM dsp_impressions GROUP BY 1)"
    ),
    "grouped by a window function": (
        "SELECT creative, DENSE_RANK() OVER (ORDER BY creative) AS place"
        " FROM dsp_impressions GROUP BY 1, 2"
    ),
    "joined with a grand total": (
        "WITH t AS (SELECT COUNT(DISTINCT user_id) AS n FROM dsp_impressions),"
        " c AS (SELECT creative, COUNT(*) AS i FROM dsp_impressions GROUP BY 1)"
        " SELECT creative, i / n AS x FROM t CROSS JOIN c"
    ),
    "collected": (
        "SELECT creative, COLLECT(DISTINCT creative) AS x FROM dsp_impressions"
        " GROUP BY 1"
    ),
    "as the branch of a CASE": (
        "SELECT CASE WHEN 1 = 1 THEN creative END AS creative FROM dsp_impressions"
        " GROUP BY creative"
    ),
    "a CTE with the table's own name": (
        "WITH dsp_impressions AS (SELECT creative, user_id FROM dsp_impressions)"
        " SELECT creative, COUNT(*) AS n FROM dsp_impressions GROUP BY 1"
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_shape_of_query_gets_around_two_people(
    ask: Ask, raw: duckdb.DuckDBPyConnection, name: str
) -> None:
    start = datetime(2026, 11, 16, tzinfo=UTC)
    people = people_by(raw, "creative", start=start)

    rows = ask(SHAPES[name], window_start=start)

    assert {row["creative"] for row in rows} == {
        creative for creative, n in people.items() if n >= 2
    }
    assert min(people.values()) < 2


def test_a_left_join_does_not_hide_rows_for_the_few_who_bought(ask: Ask) -> None:
    rows = ask(
        "WITH seen AS (SELECT campaign, COUNT(*) AS i FROM dsp_impressions GROUP BY 1),"
        " bought AS (SELECT campaign, SUM(purchases) AS p FROM"
        " amazon_attributed_events_by_conversion_time GROUP BY 1)"
        " SELECT s.campaign, i, p FROM seen s LEFT JOIN bought b"
        " ON s.campaign = b.campaign"
    )

    alone = ask("SELECT campaign, COUNT(*) AS i FROM dsp_impressions GROUP BY 1")
    assert len(rows) == len(alone)


def test_a_scalar_subquery_counts_its_own_people(ask: Ask) -> None:
    rows = ask(
        "SELECT (SELECT MAX(creative) FROM dsp_clicks WHERE clicks > 1) AS x,"
        " (SELECT MAX(advertiser) FROM dsp_impressions) AS y"
        " FROM (VALUES (1)) AS one(n)"
    )

    assert rows == []


def test_a_query_without_data_sources_passes_untouched(ask: Ask) -> None:
    assert ask("SELECT a FROM (VALUES ('x')) AS t(a)") == [{"a": "x"}]


SECRETS = [
    "SELECT user_id FROM dsp_impressions",
    "SELECT LOWER(user_id) AS x FROM dsp_impressions",
    "SELECT HASH64(user_id) AS x, COUNT(*) AS n FROM dsp_impressions GROUP BY 1",
    "SELECT CONCAT('a', user_id) AS x FROM dsp_impressions",
    "SELECT COLLECT(user_id) AS x FROM dsp_impressions",
    "SELECT NAMED_ROW('u', user_id) AS x FROM dsp_impressions",
    "SELECT IF(impressions > 0, user_id, NULL) AS x FROM dsp_impressions",
    "SELECT MIN(request_tag) AS x FROM dsp_impressions",
    "SELECT x FROM (SELECT user_id AS x FROM dsp_impressions) GROUP BY x",
    "SELECT (SELECT MAX(user_id) FROM dsp_impressions) AS x",
    "SELECT MAX(user_id) OVER () AS x FROM dsp_impressions",
    "SELECT campaign FROM dsp_impressions UNION ALL SELECT user_id FROM dsp_clicks",
    "SELECT SUM(LENGTH(user_id)) AS x FROM dsp_impressions",
]

COMPARED = [
    "user_id = 'U1'",
    "user_id <> 'U1'",
    "user_id > 'U1'",
    "user_id IN ('U1', 'U2')",
    "user_id LIKE 'U1%'",
    "user_id SIMILAR TO 'U1'",
    "user_id BETWEEN 'A' AND 'Z'",
    "UPPER(user_id) = 'U1'",
    "'U1' = user_id",
    "CONTAINED_IN(user_id, 'U1', 'U2')",
    "ARRAY_CONTAINS(ARRAY['U1'], user_id)",
    "ARRAY_CONTAINS(CUSTOM_PARAMETER('people'), user_id)",
    "CASE user_id WHEN 'U1' THEN 1 ELSE 0 END = 1",
    "user_id IN (SELECT x FROM (VALUES ('U1')) AS v(x))",
    "user_id = (SELECT 'U1')",
    "city_name = 'Boston'",
]


@pytest.mark.parametrize("sql", SECRETS)
def test_what_names_a_person_is_never_put_out(check: Check, sql: str) -> None:
    with pytest.raises(QueryRefused, match="aggregation threshold VERY_HIGH"):
        check(sql)


@pytest.mark.parametrize("condition", COMPARED)
def test_what_names_a_person_is_never_compared_with_a_literal(
    check: Check, condition: str
) -> None:
    people = DeclaredParameter(name="people", data_type="ARRAY", element_type="STRING")

    with pytest.raises(QueryRefused, match="can't be compared with a literal"):
        check(
            f"SELECT COUNT(*) AS n FROM dsp_impressions WHERE {condition}",
            declared=(people,),
            values={"people": ["U1"]},
        )


@pytest.mark.parametrize(
    "condition",
    [
        "user_id IS NOT NULL",
        "user_id IN (SELECT user_id FROM conversions)",
        "EXISTS (SELECT 1 FROM conversions c WHERE c.user_id = i.user_id)",
        "i.user_id = i.user_id",
        "COALESCE(campaign, 'x') = 'x'",
    ],
)
def test_people_may_be_compared_with_people(check: Check, condition: str) -> None:
    assert check(f"SELECT COUNT(*) AS n FROM dsp_impressions i WHERE {condition}")
