"""Running a translated query: limits, cancellation, clean failures."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb

from instances.sandbox.engine.contract import QueryCancelled, QueryFailed

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Queries that the database works on at the same time; the others wait."""

BATCH = 10_000
LARGEST_ROWS = 5_000_000

SENTENCES: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.OutOfMemoryException, "The query needs more memory than is available"),
    (duckdb.OutOfRangeException, "A value is out of the range of its type"),
    (duckdb.ConversionException, "A value can't be converted to the type it needs"),
    # The text is ours, so its faults are too; people can do nothing with them.
    (duckdb.ParserException, "The query could not be executed"),
    (duckdb.CatalogException, "The query could not be executed"),
)

REGEX = re.compile(r"regex|RE2|perl operator|repetition|missing \)", re.IGNORECASE)
INTERNAL = re.compile(r"__|\$|LINE 1|Candidate|LITERAL|\w\(", re.IGNORECASE)


class Running:
    """One execution: a cursor that can be interrupted from another thread."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor
        self.cancelled = False
        self.out_of_time = False

    def cancel(self) -> None:
        self.cancelled = True
        self.cursor.interrupt()

    def stop_for_time(self) -> None:
        self.out_of_time = True
        self.cursor.interrupt()

    def check(self) -> None:
        """Raise when it was stopped, also between two calls of the database."""
        if self.cancelled:
            raise QueryCancelled("Execution was cancelled")
        if self.out_of_time:
            raise QueryFailed("Execution timed out")

    def rows(
        self, sql: str, values: Mapping[str, object]
    ) -> Iterator[Sequence[Sequence[object]]]:
        """The rows in batches; raises QueryFailed or QueryCancelled."""
        self.check()
        try:
            self.cursor.execute(sql, dict(values))
            yield from self._batches()
        except duckdb.Error as error:
            self.check()
            raise QueryFailed(sentence(error)) from error

    def _batches(self) -> Iterator[Sequence[Sequence[object]]]:
        fetched = 0
        while batch := self.cursor.fetchmany(BATCH):
            self.check()
            fetched += len(batch)
            if fetched > LARGEST_ROWS:
                raise QueryFailed(f"The result has more than {LARGEST_ROWS} rows")
            yield batch
        self.check()


class Slots:
    """The executions under way, by key, and the limit of how many run at once."""

    def __init__(self) -> None:
        self._semaphore = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}

    def cancel(self, key: str) -> None:
        """Interrupt the execution of that key; nothing when there is none."""
        with self._lock:
            running = self._running.get(key)
        if running is not None:
            running.cancel()

    @contextmanager
    def taken(
        self, connection: duckdb.DuckDBPyConnection, key: str, limit: float
    ) -> Iterator[Running]:
        """A cursor of its own for one execution, which ends after `limit` seconds."""
        running = Running(connection.cursor())
        if key:
            with self._lock:
                self._running[key] = running
        try:
            with self._semaphore, _timed(running, limit):
                yield running
        finally:
            with self._lock:
                if self._running.get(key) is running:
                    del self._running[key]
            running.cursor.close()


@contextmanager
def _timed(running: Running, limit: float) -> Iterator[None]:
    timer = threading.Timer(limit, running.stop_for_time)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def sentence(error: duckdb.Error) -> str:
    """What people may read of a failure: no generated SQL, no hidden column."""
    logger.warning("query failed: %s", error)
    text = str(error)
    if REGEX.search(text):
        return "Invalid regular expression"
    for kind, words in SENTENCES:
        if isinstance(error, kind):
            return words
    first = text.partition("LINE 1:")[0].strip().partition("\n")[0]
    first = first.partition(": ")[2] or first
    if not first or INTERNAL.search(first):
        return "The query could not be executed"
    return first.rstrip(".")
