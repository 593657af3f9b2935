"""What tests of schedules share: a database that stays in order, an empty queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker
from redis import Redis

from schedules.invariants import breaches
from tests.makers import NOON


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Without the table of knox's own token model, which ours replaces.

    Django does not know it, so it would not empty it, and then could empty no table
    that it refers to.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


@pytest.fixture
def work() -> Iterator[Redis]:
    """The queue `work` of the broker, empty before and after."""
    redis = Redis.from_url(settings.REDIS_URL)
    redis.delete("work")
    yield redis
    redis.delete("work")
    redis.close()


@pytest.fixture
def invariants_hold(db: None) -> Iterator[None]:
    """After the test, the database is as it should be at every moment."""
    yield
    assert breaches(now=NOON) == []
