"""Many new runs, stored at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date

from django.db import connection

from schedules.models import Run

COLUMNS = [(field.column, field.attname) for field in Run._meta.concrete_fields]
NAMES = ", ".join(f'"{column}"' for column, _ in COLUMNS)

NEW_IDS = """
    SELECT nextval(pg_get_serial_sequence('schedule_runs', 'id'))
      FROM generate_series(1, %s)
"""
# One parameter for all rows: half the cost of bulk_create, and it can say which rows
# were there already.
INSERT = f"""
    INSERT INTO schedule_runs ({NAMES})
    SELECT {NAMES} FROM json_populate_recordset(NULL::schedule_runs, %s)
        ON CONFLICT DO NOTHING
 RETURNING id
"""  # noqa: S608 - the names are those of our own model
# So that one statement stays far below the statement timeout.
ROWS_PER_STATEMENT = 5_000


def number(runs: Sequence[Run]) -> None:
    """Give each run its id before it is stored, so that others can point to it."""
    with connection.cursor() as cursor:
        cursor.execute(NEW_IDS, [len(runs)])
        for run, (new_id,) in zip(runs, cursor.fetchall(), strict=True):
            run.pk = new_id


def store(runs: Sequence[Run]) -> set[int]:
    """Insert numbered runs; the ids of those whose slot had no row yet."""
    stored: set[int] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(runs), ROWS_PER_STATEMENT):
            chunk = runs[start : start + ROWS_PER_STATEMENT]
            cursor.execute(INSERT, [_as_json(chunk)])
            stored.update(new_id for (new_id,) in cursor.fetchall())
    return stored


def unlink(stored: Collection[int], absent: Collection[int]) -> None:
    """Let no stored run point to a numbered one that was not stored."""
    Run.objects.filter(pk__in=stored, blocked_by__in=absent).update(blocked_by=None)


def _as_json(runs: Sequence[Run]) -> str:
    """Rows without their NULLs, which cost as much as values."""
    rows = [
        {
            column: value
            for column, attribute in COLUMNS
            if (value := getattr(run, attribute)) is not None
        }
        for run in runs
    ]
    return json.dumps(rows, default=_text)


def _text(value: object) -> str:
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be stored.")
