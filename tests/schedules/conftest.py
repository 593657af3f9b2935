"""What tests of schedules share: a database in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from schedules.invariants import breaches
from tests.makers import NOON


@pytest.fixture
def impatient(transactional_db: None) -> Iterator[None]:
    """Who meets a lock gives up after a twentieth of a second."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    yield
    connection.close()


@pytest.fixture
def invariants_hold(db: None) -> Iterator[None]:
    """After the test, the database is as it should be at every moment."""
    yield
    assert breaches(now=NOON) == []
