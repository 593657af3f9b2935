"""The engine writes complete files, can be stopped, and fails in clean words."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path

import duckdb
import pytest

from instances.sandbox.engine.contract import (
    Column,
    QueryCancelled,
    QueryFailed,
    QueryRefused,
)
from instances.sandbox.engine.engine import Engine
from instances.sandbox.engine.run import sentence
from tests.instances.sandbox.engine.conftest import Ask, query, rows_of

CAMPAIGNS = "SELECT campaign, COUNT(*) AS n FROM dsp_impressions GROUP BY 1"
ENDLESS = (
    "SELECT SUM(a.impressions * b.impressions * c.impressions) AS n"
    " FROM dsp_impressions a CROSS JOIN dsp_impressions b CROSS JOIN dsp_impressions c"
    " WHERE a.cost_ + b.cost_ + c.cost_ > 0"
).replace("cost_", "total_cost")


def test_columns_are_known_without_running(
    engine: Engine, everybody: frozenset[int]
) -> None:
    columns = engine.check(
        query(
            "SELECT campaign, impression_date AS day, SUM(impressions) AS impressions,"
            " SUM(total_cost) / 100000 AS cost, COLLECT(DISTINCT device_type) AS kinds,"
            " COUNT(*) > 5 AS many, impression_hour, MAX(impression_dt_hour) AS latest"
            " FROM dsp_impressions GROUP BY 1, 2, impression_hour",
            everybody,
        )
    )

    assert columns == (
        Column(name="campaign", data_type="STRING", column_type="DIMENSION"),
        Column(name="day", data_type="DATE", column_type="DIMENSION"),
        Column(name="impressions", data_type="LONG", column_type="METRIC"),
        Column(name="cost", data_type="DOUBLE", column_type="METRIC"),
        Column(name="kinds", data_type="ARRAY", column_type="DIMENSION"),
        Column(name="many", data_type="BOOLEAN", column_type="DIMENSION"),
        Column(name="impression_hour", data_type="INTEGER", column_type="DIMENSION"),
        Column(name="latest", data_type="TIMESTAMP", column_type="DIMENSION"),
    )


def test_fields_have_amc_s_format(ask: Ask) -> None:
    rows = ask(
        "SELECT DATE '2026-01-02' AS d, TIMESTAMP '2026-01-02 03:04:05.6' AS t,"
        " CAST(1.5 AS DECIMAL(38,4)) AS n, TRUE AS b, NULL AS nothing,"
        " 'a,\"b\"' AS quoted, ARRAY[1, NULL] AS list"
    )

    assert rows == [
        {
            "d": "2026-01-02",
            "t": "2026-01-02T03:04:05.600",
            "n": "1.5000",
            "b": "true",
            "nothing": "",
            "quoted": 'a,"b"',
            "list": "[1, ]",
        }
    ]


def test_an_empty_result_is_a_header(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    result = engine.run(query(f"{CAMPAIGNS} HAVING n < 0", everybody), tmp_path)

    assert result.rows == 0
    assert [path.read_text() for path in result.files] == ["campaign,n\n"]


def test_many_rows_become_several_complete_files(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    result = engine.run(query(CAMPAIGNS, everybody), tmp_path, rows_per_file=100)

    assert len(result.files) == -(-result.rows // 100) > 1
    assert all(path.read_text().startswith("campaign,n\n") for path in result.files)
    assert len(rows_of(result)) == result.rows
    assert len({row["campaign"] for row in rows_of(result)}) == result.rows


def test_files_can_be_compressed(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    result = engine.run(query(CAMPAIGNS, everybody), tmp_path, gzip=True)

    assert [path.name for path in result.files] == ["part-00001.csv.gz"]
    assert gzip.decompress(result.files[0].read_bytes()).startswith(b"campaign,n\n")


def test_a_running_query_can_be_cancelled(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            engine.run(query(ENDLESS, everybody), tmp_path, key="endless")
        except QueryCancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        engine.cancel("endless")
        thread.join(0.05)

    assert len(outcome) == 1
    assert engine.check(query(CAMPAIGNS, everybody))


def test_cancelling_what_does_not_run_is_no_error(engine: Engine) -> None:
    engine.cancel("nothing")


def test_a_query_ends_at_its_time_limit(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    with pytest.raises(QueryFailed, match="Execution timed out"):
        engine.run(query(ENDLESS, everybody), tmp_path, limit_seconds=0.05)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "SELECT COUNT(*) AS n FROM dsp_impressions"
            " WHERE campaign SIMILAR TO '(?<=x)y'",
            "Invalid regular expression",
        ),
        (
            "SELECT SUM(impressions) * 9000000000000000000 * 9000000000000000000"
            " * 9000000000000000000 AS n FROM dsp_impressions",
            "A value is out of the range of its type",
        ),
    ],
)
def test_a_failure_is_one_clean_sentence(ask: Ask, sql: str, words: str) -> None:
    with pytest.raises((QueryFailed, QueryRefused)) as failure:
        ask(sql)

    assert str(failure.value) == words


def test_no_generated_sql_is_shown() -> None:
    error = duckdb.BinderException("Binder Error: no __u here\n\nLINE 1: SELECT secret")

    assert sentence(error) == "The query could not be executed"


def test_the_same_query_is_translated_once(
    engine: Engine, everybody: frozenset[int]
) -> None:
    engine.check(query(CAMPAIGNS, everybody))
    size = len(engine._cache)

    engine.check(query(CAMPAIGNS, frozenset()))

    assert len(engine._cache) == size


def test_several_threads_run_at_once(
    engine: Engine, everybody: frozenset[int], tmp_path: Path
) -> None:
    results: list[int] = []

    def run(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        results.append(engine.run(query(CAMPAIGNS, everybody), folder).rows)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 8
    assert len(set(results)) == 1
