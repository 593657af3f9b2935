"""A small data set, generated once, and ways to ask it."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from instances.sandbox.engine import store
from instances.sandbox.engine.contract import Query, Result
from instances.sandbox.engine.engine import Engine

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
START = datetime(2026, 10, 24, tzinfo=UTC)
END = datetime(2026, 11, 23, tzinfo=UTC)
SMALL = 20_000

Rows = list[dict[str, str]]
Ask = Callable[..., Rows]


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """Where test data sets stay between sessions; their names carry their version."""
    return pytestconfig.rootpath / ".data" / "sandbox-tests"


@pytest.fixture(scope="session")
def engine(data_dir: Path) -> Iterator[Engine]:
    engine = Engine.open(data_dir, impressions=SMALL, seed=7, today=TODAY)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def everybody(engine: Engine) -> frozenset[int]:
    """All advertisers."""
    return frozenset(advertiser.id for advertiser in engine.advertisers())


def query(sql: str, advertisers: frozenset[int], **changes: Any) -> Query:
    """A question about the thirty days that end two days before NOW."""
    given: dict[str, Any] = {
        "sql": sql,
        "window_start": START,
        "window_end": END,
        "now": NOW,
        "advertisers": advertisers,
    }
    return Query(**(given | changes))


def rows_of(result: Result) -> Rows:
    """The rows of all files, as text by column."""
    found: Rows = []
    for path in result.files:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file))
    return found


@pytest.fixture
def ask(engine: Engine, everybody: frozenset[int], tmp_path: Path) -> Ask:
    """Run a query over all advertisers; gives its rows."""

    def run(sql: str, **changes: Any) -> Rows:
        advertisers = changes.pop("advertisers", everybody)
        return rows_of(engine.run(query(sql, advertisers, **changes), tmp_path))

    return run


@pytest.fixture
def check(engine: Engine, everybody: frozenset[int]) -> Callable[..., Any]:
    """Compile a query; gives its columns or raises QueryRefused."""

    def run(sql: str, **changes: Any) -> Any:
        return engine.check(query(sql, everybody, **changes))

    return run


@pytest.fixture(scope="session")
def raw(engine: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """The data set itself, without windows and thresholds."""
    with store.open_read_only(engine.path) as connection:
        yield connection


def window(start: datetime = START, end: datetime = END, now: datetime = NOW) -> str:
    """The condition that hand-written SQL needs for the same rows."""
    return (
        f"__t >= TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}'"
        f" AND __t < TIMESTAMP '{end:%Y-%m-%d %H:%M:%S}'"
        f" AND __avail <= TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'"
    )
