"""Races without luck: a row held by somebody else, and many threads at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, models


@contextmanager
def held_elsewhere(row: models.Model) -> Iterator[None]:
    """Lock `row` in another connection, for as long as the block lasts."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(
                f"SELECT 1 FROM {row._meta.db_table} WHERE id = %s FOR UPDATE",
                [row.pk],
            )
            yield
    finally:
        other.rollback()
        other.close()


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    """Call `work(number)` in as many threads at once; each with its own connection."""

    def alone(number: int) -> object:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(alone, range(count)))
