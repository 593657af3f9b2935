"""What tests of schedules share: a database in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schedules.invariants import breaches
from tests.makers import NOON


@pytest.fixture
def invariants_hold(db: None) -> Iterator[None]:
    """After the test, the database is as it should be at every moment."""
    yield
    assert breaches(now=NOON) == []
