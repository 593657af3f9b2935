"""Nothing of a query's text reaches the database but what the white list knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instances.sandbox.engine.contract import QueryRefused
from instances.sandbox.engine.engine import Engine
from tests.instances.sandbox.engine.conftest import Ask

Check = Callable[..., Any]

ATTACKS = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT content FROM read_text('/etc/passwd')",
    "SELECT content FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_parquet('x.parquet')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_tables",
    "SELECT table_name FROM information_schema.tables",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM f_dsp",
    "SELECT * FROM d_advertiser",
    "SELECT __t FROM dsp_impressions",
    "SELECT i.__adv FROM dsp_impressions i",
    "SELECT 1 AS __u FROM dsp_impressions",
    "SELECT campaign AS x FROM dsp_impressions AS __q",
    "SELECT getvariable('seed') AS x FROM dsp_impressions",
    "SELECT current_setting('memory_limit') AS x FROM dsp_impressions",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('f_dsp')",
    "SELECT json_execute_serialized_sql('{}') AS x FROM dsp_impressions",
    "SELECT getenv('HOME') AS x FROM dsp_impressions",
    "SELECT REPEAT('x', 2000000000) AS x FROM dsp_impressions",
    "SELECT * FROM range(1000000000)",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT GENERATE_SERIES(1, 1000000000) AS x FROM dsp_impressions",
    "SELECT UNNEST(ARRAY[1]) AS x FROM dsp_impressions",
    "SELECT * FROM UNNEST(ARRAY[1]) AS t(x)",
    "SELECT PARSE_JSON('{}') AS x FROM dsp_impressions",
    "SELECT x FROM dsp_impressions, LATERAL (SELECT 1 AS x) AS l",
    "SELECT [x FOR x IN ARRAY[1]] AS y FROM dsp_impressions",
    "SELECT campaign FROM dsp_impressions PIVOT (COUNT(*) FOR campaign IN ('a'))",
    "SELECT INTERVAL '1' FORTNIGHT AS x FROM dsp_impressions",
    "SELECT $now AS x FROM dsp_impressions",
    "SELECT :now AS x FROM dsp_impressions",
    "SELECT ? AS x FROM dsp_impressions",
    "SELECT @x AS x FROM dsp_impressions",
    "SELECT {{x}} AS x FROM dsp_impressions",
    "SELECT COLUMNS('x') FROM dsp_impressions",
    "COPY dsp_impressions TO '/tmp/x.csv'",
    "EXPORT DATABASE '/tmp/x'",
    "ATTACH ':memory:' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA version",
    "SET threads = 8",
    "CREATE TABLE x AS SELECT 1 AS y",
    "CREATE TEMP MACRO x() AS 1",
    "INSERT INTO f_dsp SELECT * FROM f_dsp",
    "UPDATE f_dsp SET t = NULL",
    "DROP TABLE f_dsp",
    "EXPLAIN SELECT 1",
    "DESCRIBE dsp_impressions",
    "CALL pragma_version()",
    "VALUES (1)",
    "FROM dsp_impressions",
    "SELECT campaign FROM dsp_impressions; DROP TABLE f_dsp",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_an_attack_is_refused_before_it_runs(check: Check, sql: str) -> None:
    with pytest.raises(QueryRefused):
        check(sql)


@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", "'; DROP TABLE f_dsp; --", "\" \\' $now", "\\", "/* */", "é✓\n"],
)
def test_a_literal_stays_a_literal(ask: Ask, text: str) -> None:
    quoted = text.replace("'", "''")

    rows = ask(f"SELECT '{quoted}' AS x FROM (VALUES (1)) AS one(n)")

    assert [row["x"] for row in rows] == [text]


def test_an_identifier_stays_an_identifier(ask: Ask) -> None:
    name = 'a" from f_dsp; --'

    rows = ask(f'SELECT 1 AS "{name.replace(chr(34), chr(34) * 2)}"')

    assert rows == [{name: "1"}]


def test_words_of_the_database_are_usable_as_names(ask: Ask) -> None:
    rows = ask(
        "WITH final AS (SELECT 1 AS order_, 2 AS value),"
        " pivot_ AS (SELECT * FROM final) SELECT value, order_ AS position FROM pivot_"
    )

    assert rows == [{"value": "2", "position": "1"}]


def test_deep_nesting_is_refused(check: Check) -> None:
    with pytest.raises(QueryRefused, match="nested too deeply"):
        check(f"SELECT {'(' * 5000}1{')' * 5000} AS x FROM dsp_impressions")


def test_a_very_long_text_is_refused(check: Check) -> None:
    with pytest.raises(QueryRefused, match="longer than 262144 bytes"):
        check(f"SELECT '{'x' * 300_000}' AS x FROM dsp_impressions")


def test_padding_has_a_limit(ask: Ask) -> None:
    rows = ask("SELECT LENGTH(LPAD('x', 2000000000, 'y')) AS n")

    assert rows == [{"n": "10000"}]


def test_the_connection_reaches_no_file_even_without_the_white_list(
    engine: Engine, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")

    for statement in (
        f"SELECT * FROM read_text('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        "SET enable_external_access = true",
        "CREATE TABLE x AS SELECT 1 AS y",
    ):
        with pytest.raises(Exception, match=r"disabled|read-only|locked|Cannot"):
            engine._connection.cursor().execute(statement)
