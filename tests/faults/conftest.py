"""One stack for all faults of a session; each fault gets a world of its own."""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.amc.server import ROOT, Amc
from tests.faults.report import Report
from tests.faults.stack import (
    Stack,
    clock_of,
    plan_stack,
    start_product,
    start_services,
)
from tests.faults.trial import Trial

NewTrial = Callable[[str], AbstractContextManager[Trial]]
REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "faults: hurts a whole stack; see `make faults`")
    config.addinivalue_line("markers", "quick: of the faults, those that CI inflicts")
    config.addinivalue_line("markers", "soak: random faults for MINUTES")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Faults only with FAULTS=1, the soak with MINUTES; SHARD=i/n takes each n-th."""
    faults = [item for item in items if item.get_closest_marker("faults")]
    wanted = [item for item in faults if _is_asked_for(item)]
    if shard := os.environ.get("SHARD", ""):
        number, _, of = shard.partition("/")
        wanted = wanted[int(number) - 1 :: int(of)]
    left_out = [item for item in faults if item not in wanted]
    if wanted:
        config.stash[REPORT] = Report()
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_asked_for(item: pytest.Item) -> bool:
    if item.get_closest_marker("soak"):
        return "MINUTES" in os.environ
    return "FAULTS" in os.environ


@pytest.fixture(scope="session")
def seed() -> int:
    """SEED in the environment repeats a run."""
    return int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Running until the session ends; KEEP=1 leaves its folder for looking into."""
    folder = Path(tempfile.mkdtemp(prefix="amc-faults-"))
    stack = plan_stack(ROOT, folder)
    try:
        start_services(stack)
        start_product(stack)
        yield stack
    finally:
        stack.stop()
        if os.environ.get("KEEP"):
            sys.stdout.write(f"\nkept: {folder}\n")
        else:
            stack.backing.remove()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sandbox(stack: Stack) -> Iterator[Amc]:
    base_url = f"http://127.0.0.1:{stack.sandbox_port}"
    with httpx.Client(base_url=base_url, trust_env=False, timeout=30) as control:
        yield Amc(base_url=base_url, control=control)


@pytest.fixture
def new_trial(
    request: pytest.FixtureRequest, stack: Stack, sandbox: Amc, seed: int
) -> NewTrial:
    """Opens a trial by its name; its line is printed at its end, good or bad."""
    report = request.config.stash[REPORT]

    @contextmanager
    def opened(fault: str) -> Iterator[Trial]:
        stack.heal()
        clock = clock_of(stack, sandbox)
        trial = Trial(fault=fault, seed=seed, stack=stack, amc=sandbox, clock=clock)
        try:
            yield trial
        finally:
            if not trial.is_over:
                trial.verdict.wrong.insert(0, "it did not come to its end")
            report.add(trial.verdict)

    return opened


@pytest.fixture
def trial(request: pytest.FixtureRequest, new_trial: NewTrial) -> Iterator[Trial]:
    """Named after the number in the test's name, and its parameter."""
    named = re.match(r"test_(f\d+\w?)_[^\[]*(\[.*\])?", request.node.name)
    assert named, "a fault test is called test_fNN_…"
    with new_trial(named[1].upper() + (named[2] or "")) as trial:
        yield trial


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if report := config.stash.get(REPORT, None):
        terminalreporter.section("faults")
        for line in report.table():
            terminalreporter.write_line(line)
