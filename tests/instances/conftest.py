"""Amazon, which is the sandbox; and a database that several threads share."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from instances.models import Account, LwaApplication

# pytest finds fixtures by their names in this module.
from tests.amc.fixtures import amc, amc_process
from tests.amc.server import Amc
from tests.makers import NOON, make_account

__all__ = ["amc", "amc_process"]


@pytest.fixture
def amazon(amc: Amc, settings: Settings) -> Amc:
    """The product talks to the sandbox, whose clock stands at NOON."""
    settings.AMAZON_URL = settings.AMAZON_BROWSER_URL = amc.base_url
    amc.clock(now=NOON.isoformat(), rate=0)
    return amc


@pytest.fixture
def account(db: None) -> Account:
    """The account that the sandbox's first person may use."""
    return make_account(account_id="ENTITY1SANDBOX")


@pytest.fixture
def committed_db(transactional_db: None) -> None:
    """What a test commits is seen by its threads, and flushed after it.

    The flush knows the tables of our models only, and knox's own token table, which
    we replaced, still refers to one of them. The one row of the application comes
    from a migration and is gone after the first flush.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")
    LwaApplication.objects.get_or_create(id=1)
