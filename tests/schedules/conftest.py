"""What tests of schedules share: a database in order, a broker of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schedules.invariants import breaches
from tests.makers import NOON
from tests.schedules.broker import Broker, own_broker


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that nobody else publishes to, empty at first."""
    return own_broker(monkeypatch)


@pytest.fixture
def invariants_hold(db: None) -> Iterator[None]:
    """After the test, the database is as it should be at every moment."""
    yield
    assert breaches(now=NOON) == []
