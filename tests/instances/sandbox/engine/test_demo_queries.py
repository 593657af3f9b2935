"""The analysts' queries that come with the product answer what their titles say.

Each answer is compared with sums made by hand from the data itself. Values instead of
rows are removed, so that nothing is missing from the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from instances.demo_queries import DemoQuery, load, parse
from instances.sandbox.engine.contract import DeclaredParameter
from instances.sandbox.engine.engine import Engine
from tests.instances.sandbox.engine.conftest import (
    TODAY,
    Ask,
    Rows,
    query,
    window,
)

QUERIES = {demo.name: demo for demo in load()}


def declared(demo: DemoQuery) -> tuple[DeclaredParameter, ...]:
    return tuple(_declared(parameter) for parameter in demo.parameters)


def _declared(parameter: dict[str, object]) -> DeclaredParameter:
    kind = parameter["dataType"]
    is_array = isinstance(kind, dict)
    return DeclaredParameter(
        name=str(parameter["name"]),
        data_type="ARRAY" if is_array else str(kind),
        element_type=str(kind["elementDataType"]) if is_array else None,
        default=parameter.get("defaultValue"),
    )


@pytest.fixture
def answer(ask: Ask) -> Callable[..., Rows]:
    def run(name: str, **values: object) -> Rows:
        demo = QUERIES[name]
        return ask(
            demo.sql, declared=declared(demo), values=values, privacy="REMOVE_VALUES"
        )

    return run


Answer = Callable[..., Rows]
Raw = duckdb.DuckDBPyConnection

BY_CONVERSION = "amazon_attributed_events_by_conversion_time"
BY_TRAFFIC = "amazon_attributed_events_by_traffic_time"


def value(raw: Raw, what: str, table: str, more: str = "true") -> Decimal:
    rows = raw.execute(
        f"SELECT {what} FROM {table} WHERE {window()} AND {more}"
    ).fetchall()
    return Decimal(str(rows[0][0]))


def total(rows: Rows, column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def test_reach_and_frequency(answer: Answer, raw: Raw) -> None:
    rows = answer("reach_and_frequency", highest_frequency=4)

    known = "user_id IS NOT NULL"
    assert {row["frequency"] for row in rows} == {"1", "2", "3", "4"}
    reach = value(raw, "count(DISTINCT user_id)", "dsp_impressions", known)
    assert total(rows, "reach") == reach
    assert total(rows, "impressions") == value(
        raw, "count(*)", "dsp_impressions", known
    )
    assert float(total(rows, "share_of_reach")) == pytest.approx(1)


def test_frequency_cap(answer: Answer, raw: Raw) -> None:
    capped = answer("frequency_cap", cap=1)
    high = answer("frequency_cap", cap=1000)

    known = "user_id IS NOT NULL"
    impressions = value(raw, "count(*)", "dsp_impressions", known)
    first = value(raw, "count(DISTINCT (user_id, campaign))", "dsp_impressions", known)
    assert total(capped, "impressions") == impressions
    assert total(capped, "reach") == first
    assert total(capped, "impressions_above_cap") == impressions - first
    assert total(high, "impressions_above_cap") == 0


def test_path_to_conversion(answer: Answer, raw: Raw) -> None:
    rows = answer("path_to_conversion")

    people = raw.execute(
        f"SELECT count(DISTINCT user_id) FROM (SELECT user_id FROM dsp_impressions"
        f" WHERE {window()} UNION ALL SELECT user_id FROM sponsored_ads_traffic"
        f" WHERE {window()})"
    ).fetchall()[0][0]
    assert total(rows, "people") == people
    assert all(row["path"].startswith("[[1, ") for row in rows)
    assert total(rows, "purchases") <= value(
        raw, "sum(total_purchases)", BY_TRAFFIC, "user_id IS NOT NULL"
    )


def test_time_to_conversion(answer: Answer, raw: Raw) -> None:
    rows = answer("time_to_conversion")

    purchases = value(raw, "sum(total_purchases)", BY_CONVERSION)
    assert total(rows, "purchases") == purchases
    assert total(rows, "dsp_purchases") + total(rows, "sponsored_purchases") == (
        purchases
    )
    assert total(rows, "sales") == value(raw, "sum(total_product_sales)", BY_CONVERSION)


def test_dsp_sponsored_overlap(answer: Answer, raw: Raw) -> None:
    rows = {row["exposure"]: row for row in answer("dsp_sponsored_overlap")}

    reach = {name: int(row["reach"]) for name, row in rows.items()}
    people = "count(DISTINCT user_id)"
    assert reach["both"] + reach["only DSP"] == value(raw, people, "dsp_impressions")
    assert reach["both"] + reach["only sponsored ads"] == value(
        raw, people, "sponsored_ads_traffic"
    )
    shares = total(list(rows.values()), "share_of_reach")
    assert float(shares) == pytest.approx(1)


def test_new_to_brand(answer: Answer, raw: Raw) -> None:
    rows = answer("new_to_brand")

    assert total(rows, "purchases") == value(raw, "sum(total_purchases)", BY_CONVERSION)
    assert total(rows, "new_to_brand_sales") == value(
        raw, "sum(total_product_sales)", BY_CONVERSION, "new_to_brand"
    )


def test_search_terms(answer: Answer, raw: Raw) -> None:
    rows = answer("search_terms")
    coffee = answer("search_terms", terms_like="%coffee%")

    searched = "customer_search_term IS NOT NULL"
    table = "sponsored_ads_traffic"
    assert total(rows, "clicks") == value(raw, "sum(clicks)", table, searched)
    assert float(total(rows, "spend")) == pytest.approx(
        float(value(raw, "sum(spend) / 1e8", table, searched)), abs=0.5
    )
    assert 0 < len(coffee) < len(rows)


def test_day_parts(answer: Answer, raw: Raw) -> None:
    rows = answer("day_parts")

    table = "sponsored_ads_traffic"
    assert len(rows) == 8
    assert total(rows, "impressions") == value(raw, "sum(impressions)", table)
    nights = [row for row in rows if row["part_of_day"].startswith("1")]
    assert total(nights, "clicks") == value(
        raw, "sum(clicks)", table, "hour(event_dt) < 6"
    )


def test_device_and_region(answer: Answer, raw: Raw) -> None:
    rows = answer("device_and_region")

    assert total(rows, "impressions") == value(raw, "count(*)", "dsp_impressions")
    assert float(total(rows, "cost")) == pytest.approx(
        float(value(raw, "sum(total_cost) / 100000", "dsp_impressions"))
    )


def test_first_and_last_touch(answer: Answer) -> None:
    rows = answer("first_and_last_touch")

    assert total(rows, "began") == total(rows, "closed") > 0
    assert total(rows, "sales_begun") == total(rows, "sales_closed") > 0


def test_gateway_asins(answer: Answer, raw: Raw) -> None:
    rows = answer("gateway_asins")

    new = "new_to_brand AND event_category = 'purchase' AND user_id IS NOT NULL"
    customers = value(raw, "count(DISTINCT user_id)", "conversions", new)
    assert 0 < total(rows, "customers") <= customers
    assert total(rows, "purchases") <= value(raw, "count(*)", "conversions", new)


def test_campaign_spend_by_day(answer: Answer, raw: Raw) -> None:
    rows = answer("campaign_spend_by_day")
    one = answer("campaign_spend_by_day", campaign_ids=["570000799819"])

    dsp = value(raw, "sum(total_cost) / 100000", "dsp_impressions")
    sponsored = value(raw, "sum(spend) / 100000000", "sponsored_ads_traffic")
    assert float(total(rows, "cost")) == pytest.approx(float(dsp + sponsored), abs=0.5)
    assert total(one, "impressions") == value(
        raw, "count(*)", "dsp_impressions", "campaign_id = 570000799819"
    )


def test_conversions_by_attribution_day(answer: Answer, raw: Raw) -> None:
    rows = answer("conversions_by_attribution_day")

    assert total(rows, "purchases") == value(raw, "sum(total_purchases)", BY_TRAFFIC)
    for row in rows:
        steps = [
            int(row[column])
            for column in (
                "within_one_day",
                "within_three_days",
                "within_seven_days",
                "purchases",
            )
        ]
        assert steps == sorted(steps)


def test_brand_halo(answer: Answer, raw: Raw) -> None:
    rows = answer("brand_halo")

    sales = value(raw, "sum(total_product_sales)", BY_CONVERSION)
    assert total(rows, "sales") == sales
    assert total(rows, "promoted_sales") + total(rows, "halo_sales") == sales


def test_every_query_has_a_test_here() -> None:
    assert {f"test_{name}" for name in QUERIES} <= set(globals())


def test_a_file_without_header_is_refused() -> None:
    with pytest.raises(ValueError, match="demo query x"):
        parse("x", "SELECT 1")


@pytest.fixture(scope="module")
def large(data_dir: Path) -> Iterator[Engine]:
    engine = Engine.open(data_dir, today=TODAY)
    yield engine
    engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_every_instance_gets_rows_at_the_default_scale(
    large: Engine, tmp_path: Path, name: str
) -> None:
    demo = QUERIES[name]

    empty = [
        number
        for number in range(1, 31)
        if not large.run(
            query(demo.sql, large.advertisers_of(number), declared=declared(demo)),
            tmp_path,
        ).rows
    ]

    assert empty == []
