"""A sandbox whose clock stands still at a known time, and a well-behaved client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.amc.server import Amc, sandbox_process
from tests.instances.sandbox.client import AmcClient


@pytest.fixture(scope="session")
def amc_process() -> Iterator[Amc]:
    """Started at a fixed time, so that the same data are there in any year."""
    now = ("--now", "2026-11-23T14:12:00Z")
    with sandbox_process("--speed", "0", "--accounts", "2", *now) as amc:
        yield amc


@pytest.fixture
def amc(amc: Amc) -> Amc:
    amc.clock(rate=0, now="2026-11-23T14:12:00Z")
    return amc


@pytest.fixture
def api(amc: Amc) -> Iterator[AmcClient]:
    with AmcClient(amc.base_url) as client:
        yield client
