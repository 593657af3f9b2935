"""The synthetic data: the same for ever, and growing as AMC's grows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from instances.sandbox.engine import catalog, store
from instances.sandbox.engine.engine import Engine
from instances.sandbox.engine.views import DUCKDB_TYPES
from tests.instances.sandbox.engine.conftest import SMALL, TODAY, Ask

WINDOWED = [table.name for table in catalog.tables().values() if table.windowed]


@pytest.fixture(scope="session")
def later(data_dir: Path) -> duckdb.DuckDBPyConnection:
    """The data set as generated ten months later: its history begins within ours."""
    wanted = store.data_set(impressions=SMALL, seed=7, today=date(2027, 9, 3))
    return store.open_read_only(store.ensure(data_dir, wanted))


@pytest.mark.parametrize("name", WINDOWED)
def test_a_day_s_rows_do_not_depend_on_when_they_were_generated(
    raw: duckdb.DuckDBPyConnection, later: duckdb.DuckDBPyConnection, name: str
) -> None:
    """From the later set's very first day on, where a lead-in too short would show."""
    by_row = (
        f"SELECT count(*), sum(hash(COLUMNS(*)::VARCHAR)) FROM {name} WHERE"
        " __t >= TIMESTAMP '2026-08-01' AND __t < TIMESTAMP '2026-08-20'"
    )

    ours, theirs = (found.execute(by_row).fetchall() for found in (raw, later))

    assert ours == theirs
    assert ours[0][0] > 10


def test_another_seed_gives_other_data(data_dir: Path) -> None:
    other = Engine.open(data_dir, impressions=2_000, seed=8, today=TODAY)
    same = Engine.open(data_dir, impressions=2_000, seed=9, today=TODAY)
    sql = "SELECT sum(hash(user_id)) FROM dsp_impressions"

    sums = {
        engine._connection.execute(sql).fetchall()[0][0] for engine in (other, same)
    }

    assert len(sums) == 2


def test_a_stored_data_set_is_opened_and_not_made_again(
    data_dir: Path, engine: Engine
) -> None:
    before = engine.path.stat().st_mtime_ns

    again = Engine.open(data_dir, impressions=SMALL, seed=7, today=date(2026, 11, 1))

    assert again.path == engine.path
    assert engine.path.stat().st_mtime_ns == before
    assert not list(data_dir.glob(f"{engine.path.name}*.tmp*"))


@pytest.mark.parametrize("name", catalog.tables())
def test_a_view_has_every_documented_column_with_its_type(
    raw: duckdb.DuckDBPyConnection, name: str
) -> None:
    rows = raw.execute(f"DESCRIBE {name}").fetchall()

    found = {row[0]: row[1] for row in rows if row[0] not in catalog.HIDDEN}
    assert found == {
        column.name: DUCKDB_TYPES[column.data_type].replace("(38,4)", "(38,4)")
        for column in catalog.tables()[name].columns.values()
    }


@pytest.mark.parametrize("name", catalog.tables())
def test_a_view_has_rows(raw: duckdb.DuckDBPyConnection, name: str) -> None:
    assert raw.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] > 100


def test_every_row_s_hidden_columns_are_filled(raw: duckdb.DuckDBPyConnection) -> None:
    for name in WINDOWED:
        missing = raw.execute(
            f"SELECT count(*) FROM {name}"
            " WHERE __t IS NULL OR __avail IS NULL OR __adv IS NULL"
        ).fetchall()[0][0]

        assert missing == 0, name


def test_traffic_arrives_after_one_to_two_days(raw: duckdb.DuckDBPyConnection) -> None:
    for name in ("dsp_impressions", "dsp_clicks", "sponsored_ads_traffic"):
        least, most = raw.execute(
            f"SELECT min(__avail - __t), max(__avail - __t) FROM {name}"
        ).fetchall()[0]

        assert timedelta(hours=23) <= least < most <= timedelta(hours=48), name


PURCHASES = "SELECT SUM(purchases) AS n FROM amazon_attributed_events_by_{0}_time"
WEEK = {
    "window_start": datetime(2026, 9, 7, tzinfo=UTC),
    "window_end": datetime(2026, 9, 14, tzinfo=UTC),
}


def purchases(ask: Ask, kind: str, days_later: int) -> int:
    now = WEEK["window_end"] + timedelta(days=days_later)
    return int(ask(PURCHASES.format(kind), now=now, **WEEK)[0]["n"])


def test_the_same_week_grows_for_two_weeks_and_then_hardly(ask: Ask) -> None:
    asked = [purchases(ask, "conversion", days) for days in (2, 4, 7, 10, 14, 29, 60)]

    assert asked == sorted(asked)
    assert asked[0] < asked[2] < asked[4] <= asked[5] == asked[6]
    assert asked[0] > asked[5] / 2


def test_traffic_time_grows_for_a_month(ask: Ask) -> None:
    asked = [purchases(ask, "traffic", days) for days in (2, 7, 14, 29, 45, 60)]

    assert asked == sorted(asked)
    assert asked[0] < asked[1] < asked[2] <= asked[3] <= asked[4] == asked[5]


def test_conversions_follow_their_ad_within_fourteen_days(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    least, most = raw.execute(
        "SELECT min(conversion_event_dt_utc - traffic_event_dt_utc),"
        " max(conversion_event_dt_utc - traffic_event_dt_utc)"
        " FROM amazon_attributed_events_by_traffic_time"
    ).fetchall()[0]

    assert timedelta(0) < least < most < timedelta(days=14)


@pytest.mark.parametrize("what", ["purchases", "units_sold", "product_sales"])
def test_the_metric_families_add_up(raw: duckdb.DuckDBPyConnection, what: str) -> None:
    row = raw.execute(
        f"SELECT sum(total_{what}), sum({what}) + sum(brand_halo_{what}),"
        f" sum(total_{what}_clicks) + sum(total_{what}_views),"
        f" sum(new_to_brand_{what}) + sum(new_to_brand_brand_halo_{what})"
        f" - sum(new_to_brand_total_{what}), sum(new_to_brand_total_{what})"
        " FROM amazon_attributed_events_by_conversion_time"
    ).fetchall()[0]

    assert row[0] == row[1] == row[2]
    assert row[3] == 0
    assert 0 < row[4] < row[0]


def test_local_times_are_the_advertiser_s(raw: duckdb.DuckDBPyConnection) -> None:
    rows = raw.execute(
        "SELECT DISTINCT advertiser_timezone,"
        " CAST(date_diff('hour', impression_dt_utc, impression_dt) AS INTEGER)"
        " FROM dsp_impressions WHERE __t BETWEEN '2026-07-01' AND '2026-07-10'"
    ).fetchall()

    assert set(rows) == {
        ("America/New_York", -4),
        ("America/Los_Angeles", -7),
        ("America/Toronto", -4),
    }


def test_the_scale_is_the_number_of_dsp_impressions_in_thirteen_months(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    made = raw.execute(
        "SELECT count(*) FROM dsp_impressions"
        " WHERE __t >= '2025-10-01' AND __t < '2026-11-01'"
    ).fetchall()[0][0]

    assert made == pytest.approx(SMALL, rel=0.1)


def test_some_events_name_nobody(raw: duckdb.DuckDBPyConnection) -> None:
    share = raw.execute(
        "SELECT avg((user_id IS NULL)::INTEGER) FROM dsp_impressions"
    ).fetchall()[0][0]

    assert 0.04 < share < 0.09


def test_thirty_instances_have_one_advertiser_each(engine: Engine) -> None:
    shares = [engine.advertisers_of(number) for number in range(1, 31)]

    assert all(len(share) == 1 for share in shares)
    assert len(frozenset().union(*shares)) == 30


def test_later_instances_have_a_pair_that_no_other_has(engine: Engine) -> None:
    shares = [engine.advertisers_of(number) for number in range(1, 451)]

    assert len(set(shares)) == 450
    assert {len(share) for share in shares[30:]} == {2}


def test_data_sources_have_amc_s_shape(engine: Engine) -> None:
    sources = {source["dataSourceId"]: source for source in engine.data_sources()}

    impressions = sources["dsp_impressions"]
    assert set(impressions) == {
        "dataSourceId",
        "description",
        "owner",
        "provider",
        "tags",
        "outputChannels",
        "columns",
    }
    kinds = {column["name"]: column["columnType"] for column in impressions["columns"]}
    assert kinds["impressions"] == "METRIC"
    assert kinds["campaign"] == kinds["user_id"] == kinds["no_3p_trackers"]
    assert kinds["campaign"] == "DIMENSION"
    assert len(kinds) == 98
