"""What tests of schedules share: a database in order, a broker of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from schedules.invariants import breaches
from tests.makers import NOON
from tests.schedules.broker import Broker, own_broker


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Without the table of knox's own token model, which ours replaces.

    Django does not know it, so it would not empty it, and then could empty no table
    that it refers to.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that nobody else publishes to, empty at first."""
    return own_broker(monkeypatch)


@pytest.fixture
def invariants_hold(db: None) -> Iterator[None]:
    """After the test, the database is as it should be at every moment."""
    yield
    assert breaches(now=NOON) == []
