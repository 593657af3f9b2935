"""Races without luck: a row held by somebody else, and many threads at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

WAITING_FOR_A_LOCK = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
PATIENCE_SECONDS = 2


@contextmanager
def held_elsewhere(
    row: models.Model, strength: str = "UPDATE"
) -> Iterator[CursorWrapper]:
    """Lock `row` in another connection; what is written there is kept at the end."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(
                f"SELECT 1 FROM {row._meta.db_table} WHERE id = %s FOR {strength}",
                [row.pk],
            )
            yield cursor
        other.commit()
    finally:
        other.close()


@contextmanager
def open_transaction() -> Iterator[None]:
    """A transaction of this connection that the test commits by itself, within."""
    transaction.set_autocommit(False)
    try:
        yield
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[Future[object]]:
    """Begin `work` in a thread; go on when it waits for a lock."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_alone, work)
        _until_somebody_waits()
        yield future


def _until_somebody_waits() -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < patience:
        with connection.cursor() as cursor:
            # Within a transaction the statistics would stay as they were first seen.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING_FOR_A_LOCK)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits for a lock.")


def _alone(work: Callable[[], object]) -> object:
    """With a connection of its thread's own, closed at the end."""
    try:
        return work()
    finally:
        connection.close()


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    """Call `work(number)` in as many threads at once; each with its own connection."""

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda number: _alone(lambda: work(number)), range(count)))
