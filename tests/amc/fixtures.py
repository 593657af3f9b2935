"""pytest plugin: `amc` is a sandbox, new for each test, whose answers are checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.amc.server import Amc, sandbox_process


@pytest.fixture(scope="session")
def amc_process() -> Iterator[Amc]:
    """One process for all tests; executions end at the next look."""
    with sandbox_process("--speed", "0", "--accounts", "3") as amc:
        yield amc


@pytest.fixture
def amc(amc_process: Amc) -> Iterator[Amc]:
    """Fails the test when an answer was none that Amazon would give."""
    amc_process.reset()
    yield amc_process
    assert amc_process.broken_promises() == []
