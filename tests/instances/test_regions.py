"""Where Amazon is: by region, unless the settings name a sandbox or proxy."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from instances.models import Region
from instances.regions import Addresses, addresses, region_of


@pytest.mark.parametrize(
    ("region", "api", "token"),
    [
        (
            Region.NA,
            "https://advertising-api.amazon.com",
            "https://api.amazon.com/auth/o2/token",
        ),
        (
            Region.EU,
            "https://advertising-api-eu.amazon.com",
            "https://api.amazon.co.uk/auth/o2/token",
        ),
        (
            Region.FE,
            "https://advertising-api-fe.amazon.com",
            "https://api.amazon.co.jp/auth/o2/token",
        ),
    ],
)
def test_each_region_has_its_hosts(
    settings: Settings, region: Region, api: str, token: str
) -> None:
    settings.AMAZON_URL = ""

    found = addresses(region)

    assert (found.api, found.token) == (api, token)


@pytest.mark.parametrize("region", list(Region))
def test_one_address_in_the_settings_overrides_all(
    settings: Settings, region: Region
) -> None:
    settings.AMAZON_URL = "http://sandbox:9000"
    settings.AMAZON_BROWSER_URL = "http://localhost:9000"

    assert addresses(region) == Addresses(
        api="http://sandbox:9000",
        token="http://sandbox:9000/auth/o2/token",
        consent="http://localhost:9000/ap/oa",
    )


def test_the_browser_goes_where_we_go_unless_told_otherwise(
    settings: Settings,
) -> None:
    settings.AMAZON_URL, settings.AMAZON_BROWSER_URL = "http://sandbox:9000", ""

    assert addresses(Region.NA).consent == "http://sandbox:9000/ap/oa"


@pytest.mark.parametrize(
    ("marketplace", "region"),
    [
        ("ATVPDKIKX0DER", Region.NA),
        ("A1PA6795UKMFR9", Region.EU),
        ("A1VC38T7YXB528", Region.FE),
        ("unknown", Region.NA),
    ],
)
def test_a_marketplace_lies_in_a_region(marketplace: str, region: Region) -> None:
    assert region_of(marketplace) == region
