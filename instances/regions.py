"""Where Amazon is, by region: the API, Login with Amazon, and its consent page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from instances.models import Region

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, no secret
CONSENT_PATH = "/ap/oa"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Whole URLs; `api` without a trailing slash."""

    api: str
    token: str
    consent: str


AMAZON: Mapping[Region, Addresses] = {
    Region.NA: Addresses(
        api="https://advertising-api.amazon.com",
        token=f"https://api.amazon.com{TOKEN_PATH}",
        consent=f"https://www.amazon.com{CONSENT_PATH}",
    ),
    Region.EU: Addresses(
        api="https://advertising-api-eu.amazon.com",
        token=f"https://api.amazon.co.uk{TOKEN_PATH}",
        consent=f"https://eu.account.amazon.com{CONSENT_PATH}",
    ),
    Region.FE: Addresses(
        api="https://advertising-api-fe.amazon.com",
        token=f"https://api.amazon.co.jp{TOKEN_PATH}",
        consent=f"https://apac.account.amazon.com{CONSENT_PATH}",
    ),
}

# Marketplaces outside North America; Amazon names an account's, but not its region.
MARKETPLACES: Mapping[Region, frozenset[str]] = {
    Region.EU: frozenset(
        {
            "A1F83G8C2ARO7P",  # United Kingdom
            "A1PA6795UKMFR9",  # Germany
            "A13V1IB3VIYZZH",  # France
            "APJ6JRA9NG5V4",  # Italy
            "A1RKKUPIHCS9HS",  # Spain
            "A1805IZSGTT6HS",  # Netherlands
            "A2NODRKZP88ZB9",  # Sweden
            "A1C3SOZRARQ6R3",  # Poland
            "AMEN7PMS3EDWL",  # Belgium
            "A28R8C7NBKEWEA",  # Ireland
            "A33AVAJ2PDY3EV",  # Türkiye
            "ARBP9OOSHTCHU",  # Egypt
            "A17E79C6D8DWNP",  # Saudi Arabia
            "A2VIGQ35RCS4UG",  # United Arab Emirates
            "A21TJRUUN4KGV",  # India
            "AE08WJ6YKNBMC",  # South Africa
        }
    ),
    Region.FE: frozenset(
        {
            "A1VC38T7YXB528",  # Japan
            "A39IBJ37TRP1C6",  # Australia
            "A19VAU5U5O7RUS",  # Singapore
        }
    ),
}


def addresses(region: Region) -> Addresses:
    """Amazon's for this region, or those of the sandbox or proxy in the settings."""
    if not settings.AMAZON_URL:
        return AMAZON[region]
    browser_url = settings.AMAZON_BROWSER_URL or settings.AMAZON_URL
    return Addresses(
        api=settings.AMAZON_URL,
        token=f"{settings.AMAZON_URL}{TOKEN_PATH}",
        consent=f"{browser_url}{CONSENT_PATH}",
    )


def region_of(marketplace_id: str) -> Region:
    """The region of a marketplace; North America for the unknown.

    Any region's API serves any account, only from farther away.
    """
    regions = (
        region for region, known in MARKETPLACES.items() if marketplace_id in known
    )
    return next(regions, Region.NA)
