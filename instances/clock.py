"""The one clock: PostgreSQL's, through `amc_now()`.

Tests and fast-time runs replace that SQL function; nothing else knows. Durations and
budgets use `time.monotonic()`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The present moment, aware, in UTC, as the database sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT amc_now()")
        (now,) = cursor.fetchone()
    instant: datetime = now
    return instant.astimezone(UTC)
