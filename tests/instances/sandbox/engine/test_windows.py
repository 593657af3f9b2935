"""A query sees the rows of its window that have arrived, of its advertisers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from instances.sandbox.engine.engine import Engine
from instances.sandbox.engine.windows import duration
from tests.instances.sandbox.engine.conftest import END, NOW, START, Ask, window

IMPRESSIONS = "SELECT SUM(impressions) AS n FROM {0}"
EXTENDED = "TABLE(EXTEND_TIME_WINDOW('dsp_impressions', '{0}', '{1}'))"


def count(raw: duckdb.DuckDBPyConnection, condition: str) -> str:
    rows = raw.execute(f"SELECT count(*) FROM dsp_impressions WHERE {condition}")
    return str(rows.fetchall()[0][0])


def test_the_window_holds_its_start_and_not_its_end(
    ask: Ask, raw: duckdb.DuckDBPyConnection
) -> None:
    first = raw.execute(
        f"SELECT min(__t), max(__t) FROM dsp_impressions WHERE {window()}"
    ).fetchall()[0]
    start, end = (moment.replace(tzinfo=UTC) for moment in first)

    rows = ask(
        IMPRESSIONS.format("dsp_impressions"), window_start=start, window_end=end
    )

    assert int(rows[0]["n"]) == int(count(raw, window())) - 1


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ("P0D", "P0D", (0, 0)),
        ("P14D", "P1D", (14, 1)),
        ("P2W", "PT24H", (14, 1)),
        ("P1M", "P0D", (30, 0)),
    ],
)
def test_a_table_s_window_can_be_extended(
    ask: Ask,
    raw: duckdb.DuckDBPyConnection,
    before: str,
    after: str,
    days: tuple[int, int],
) -> None:
    start, end = START - timedelta(days=days[0]), END + timedelta(days=days[1])

    rows = ask(IMPRESSIONS.format(EXTENDED.format(before, after)))

    assert rows[0]["n"] == count(raw, window(start, end))


def test_an_extended_table_keeps_its_alias_and_its_joins(ask: Ask) -> None:
    joined = (
        " x LEFT JOIN (SELECT DISTINCT user_id FROM dsp_clicks) y"
        " ON x.user_id = y.user_id"
    )
    source = EXTENDED.format("P7D", "P0D").removeprefix("TABLE(").removesuffix(")")

    rows = ask(f"SELECT SUM(x.impressions) AS n FROM {source}{joined}")

    assert rows == ask(IMPRESSIONS.format(EXTENDED.format("P7D", "P0D")))


def test_only_the_tables_named_are_extended(ask: Ask) -> None:
    rows = ask(
        "WITH a AS (SELECT SUM(impressions) AS n FROM dsp_impressions),"
        f" b AS ({IMPRESSIONS.format(EXTENDED.format('P30D', 'P0D'))})"
        " SELECT a.n AS plain, b.n AS extended FROM a CROSS JOIN b"
    )

    assert int(rows[0]["plain"]) < int(rows[0]["extended"])


def test_rows_that_have_not_arrived_are_not_seen(
    ask: Ask, raw: duckdb.DuckDBPyConnection
) -> None:
    rows = ask(IMPRESSIONS.format("dsp_impressions"), window_end=NOW)

    seen = window(end=NOW)
    assert rows[0]["n"] == count(raw, seen)
    assert int(rows[0]["n"]) < int(count(raw, f"{window(end=NOW, now=LATER)}"))


LATER = NOW + timedelta(days=10)


def test_an_instance_sees_its_own_advertisers_only(ask: Ask, engine: Engine) -> None:
    mine = engine.advertisers_of(3)

    rows = ask(
        "SELECT advertiser_id, COUNT(*) AS n FROM dsp_impressions GROUP BY 1",
        advertisers=mine,
    )

    assert {int(row["advertiser_id"]) for row in rows} == mine


def test_without_advertisers_there_is_nothing(ask: Ask) -> None:
    sql = "SELECT campaign, COUNT(*) AS n FROM dsp_impressions GROUP BY 1"

    assert ask(sql, advertisers=frozenset()) == []


def test_audience_tables_know_no_window(ask: Ask) -> None:
    sql = (
        "SELECT segment_name, COUNT(DISTINCT user_id) AS n"
        " FROM audience_segments_amer_lifestyle GROUP BY 1"
    )

    rows = ask(sql, window_start=NOW - timedelta(days=1), window_end=NOW)

    assert len(rows) > 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P14D", timedelta(days=14)),
        ("P0D", timedelta(0)),
        ("pt36h", timedelta(hours=36)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("P1Y", timedelta(days=365)),
        ("P", None),
        ("PT", None),
        ("14", None),
        ("P-1D", None),
        ("P1.5D", None),
        ("", None),
    ],
)
def test_durations_are_iso_8601(text: str, expected: timedelta | None) -> None:
    assert duration(text) == expected


def test_a_window_beyond_the_calendar_is_no_failure(ask: Ask) -> None:
    rows = ask(
        IMPRESSIONS.format(EXTENDED.format("P9999Y", "P9999Y")),
        window_start=datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert int(rows[0]["n"]) > 1000
