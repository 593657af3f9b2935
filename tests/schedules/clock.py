"""The database's clock, stopped: what shells read when they ask what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection

GOING = "SELECT statement_timestamp()"


@contextmanager
def stopped_clock(moment: datetime) -> Iterator[None]:
    """`amc_now()` says `moment`, in every connection once it is committed."""
    _replace(f"SELECT timestamptz ''{moment.isoformat()}''")
    try:
        yield
    finally:
        _replace(GOING)


def _replace(body: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION amc_now() RETURNS timestamptz"
            f" LANGUAGE sql STABLE AS '{body}'"
        )
