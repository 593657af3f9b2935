"""Thousands of finished rows, stored with one statement for each table and portion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Model

ROWS_PER_STATEMENT = 2_000


def number(model: type[Model], rows: Sequence[Model]) -> None:
    """Give each row its id before it is stored, so that others can point to it."""
    statement = (
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [model._meta.db_table, len(rows)])
        for row, (new_id,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = new_id


def store(model: type[Model], rows: Sequence[Model]) -> None:
    """Insert numbered rows as they are; constraints hold, no trigger of moves runs."""
    fields = [
        (field.column, field.attname) for field in model._meta.local_concrete_fields
    ]
    names = ", ".join(f'"{column}"' for column, _ in fields)
    table = model._meta.db_table
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {names}"  # noqa: S608 - our own names
        f" FROM json_populate_recordset(NULL::{table}, %s)"
    )
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            some = rows[start : start + ROWS_PER_STATEMENT]
            document = [
                {column: getattr(row, name) for column, name in fields} for row in some
            ]
            cursor.execute(statement, [json.dumps(document, default=_text)])


def _text(value: object) -> Any:
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be stored.")
