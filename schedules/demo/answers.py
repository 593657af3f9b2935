"""Small results as Amazon might have given them. Pure and repeatable."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from random import Random

from workflows.windows import Window

# The columns of each demo query's result.
COLUMNS: dict[str, tuple[str, ...]] = {
    "brand_halo": (
        "tracked_asin",
        "purchases",
        "promoted_purchases",
        "halo_purchases",
        "sales",
        "promoted_sales",
        "halo_sales",
        "halo_share",
    ),
    "conversions_by_attribution_day": (
        "ad_day",
        "people",
        "purchases",
        "within_one_day",
        "within_three_days",
        "within_seven_days",
        "sales",
    ),
    "day_parts": (
        "part_of_day",
        "kind_of_day",
        "people",
        "impressions",
        "clicks",
        "click_rate",
        "spend",
    ),
    "device_and_region": (
        "device_type",
        "state",
        "reach",
        "impressions",
        "cost",
        "cost_per_thousand",
    ),
    "dsp_sponsored_overlap": (
        "exposure",
        "reach",
        "share_of_reach",
        "buyers",
        "purchase_rate",
        "purchases",
        "sales",
    ),
    "first_and_last_touch": (
        "kind",
        "buyers",
        "began",
        "closed",
        "sales_begun",
        "sales_closed",
    ),
    "frequency_cap": (
        "campaign",
        "reach",
        "people_above_cap",
        "impressions",
        "impressions_above_cap",
        "cost_above_cap",
    ),
    "gateway_asins": (
        "gateway_asin",
        "customers",
        "purchases",
        "sales",
        "sales_per_customer",
    ),
    "new_to_brand": (
        "campaign",
        "ad_product",
        "purchases",
        "new_to_brand_purchases",
        "share_of_purchases",
        "sales",
        "new_to_brand_sales",
    ),
    "path_to_conversion": (
        "path",
        "people",
        "buyers",
        "purchase_rate",
        "purchases",
        "sales",
    ),
    "reach_and_frequency": (
        "frequency",
        "reach",
        "impressions",
        "cost",
        "share_of_reach",
    ),
    "search_terms": (
        "customer_search_term",
        "impressions",
        "clicks",
        "spend",
        "purchases",
        "sales",
        "return_on_spend",
    ),
    "time_to_conversion": (
        "delay",
        "buyers",
        "purchases",
        "dsp_purchases",
        "sponsored_purchases",
        "sales",
    ),
}
_MEDIA = ("Streaming TV", "Online Video", "Display", "SP Brand", "SP Auto", "SB Video")
_WORDS: dict[str, tuple[str, ...]] = {
    "part_of_day": ("1: night", "2: morning", "3: afternoon", "4: evening"),
    "kind_of_day": ("weekday", "weekend"),
    "device_type": ("Phone", "Tablet", "PC", "TV"),
    "state": ("US-NY", "US-CA", "US-TX", "US-IL", "US-WA", "CA-ON", "unknown"),
    "exposure": ("both", "only DSP", "only sponsored ads"),
    "kind": ("dsp", "sponsored_products", "sponsored_brands", "sponsored_display"),
    "ad_product": ("dsp", "sponsored_products", "sponsored_brands"),
    "path": ("[1: dsp]", "[1: dsp, 2: sp]", "[1: sp]", "[1: sp, 2: dsp]", "[1: sb]"),
    "delay": ("1: under an hour", "2: under a day", "3: under a week", "4: later"),
    "customer_search_term": ("gift set", "travel size", "refill", "starter kit", "xl"),
}
_MONEY = ("sales", "cost", "spend", "customer")
_SHARES = ("share", "rate", "return")
MOST_ROWS = 12


def csv_of(query: str, advertiser: str, window: Window, random: Random) -> bytes:
    """A header and one to twelve rows, none of them twice."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = COLUMNS[query]
    writer.writerow(columns)
    rows = {
        tuple(_dimension(name, advertiser, window, random) for name in columns): None
        for _ in range(random.randint(2, MOST_ROWS))
    }
    for dimensions in sorted(rows):
        writer.writerow(
            said or _number(name, random)
            for name, said in zip(columns, dimensions, strict=True)
        )
    return text.getvalue().encode()


def _dimension(name: str, advertiser: str, window: Window, random: Random) -> str:
    """What a row speaks of; empty for what is measured."""
    if name in _WORDS:
        return random.choice(_WORDS[name])
    made = _MADE.get(name)
    return made(advertiser, window, random) if made else ""


def _day(_: str, window: Window, random: Random) -> str:
    day: date = window.start + timedelta(days=random.randrange(window.days))
    return day.isoformat()


def _asin(advertiser: str, _: Window, random: Random) -> str:
    return f"B0{sum(map(ord, advertiser)) % 900 + 100}{random.randint(10000, 10011)}"


def _campaign(advertiser: str, _: Window, random: Random) -> str:
    return f"{advertiser} - {random.choice(_MEDIA)}"


def _frequency(_: str, __: Window, random: Random) -> str:
    return str(random.randint(1, 10))


_MADE: dict[str, Callable[[str, Window, Random], str]] = {
    "ad_day": _day,
    "tracked_asin": _asin,
    "gateway_asin": _asin,
    "campaign": _campaign,
    "frequency": _frequency,
}


def _number(name: str, random: Random) -> str:
    if any(word in name for word in _SHARES):
        return f"{random.uniform(0.01, 0.6):.4f}"
    if any(word in name for word in _MONEY) and name != "customers":
        return f"{random.uniform(20, 9000):.2f}"
    return str(random.randint(100, 250_000))
