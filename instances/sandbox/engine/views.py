"""The views that queries see: every documented column, with its documented type."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

import duckdb

from instances.sandbox.engine.catalog import HIDDEN, Table, TableColumn, tables

DUCKDB_TYPES = {
    "STRING": "VARCHAR",
    "LONG": "BIGINT",
    "INTEGER": "INTEGER",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "DECIMAL(38,4)": "DECIMAL(38,4)",
    "ARRAY[LONG]": "BIGINT[]",
    "ARRAY[INTEGER]": "INTEGER[]",
}

MOMENT = re.compile(r"(?P<stem>.+?)_(?P<part>dt_hour|dt|date|day|hour)(?P<utc>_utc)?")
METRIC = re.compile(
    r"(?P<new>new_to_brand_)?(?P<scope>total_|brand_halo_)?"
    r"(?P<what>purchases|units_sold|product_sales|add_to_cart|detail_page_view)"
    r"(?P<event>_clicks|_views)?"
)

PARTS = {
    "dt": "{0}",
    "date": "{0}",
    "day": "extract(day FROM {0})",
    "hour": "extract(hour FROM {0})",
    "dt_hour": "date_trunc('hour', {0})",
}
SCOPES = {"total_": "true", "brand_halo_": "NOT m.__promoted", None: "m.__promoted"}
EVENTS = {"_clicks": "m.__clicked", "_views": "NOT m.__clicked", None: "true"}


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create a view for every data source over its model `m_<name>`."""
    for table in tables().values():
        connection.execute(view(table, modelled(connection, table)))


def modelled(connection: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    """The columns that the table's model has."""
    rows = connection.execute(f'DESCRIBE "m_{table.name}"').fetchall()
    return {row[0] for row in rows}


def view(table: Table, known: Container[str]) -> str:
    """The statement that makes the table's view."""
    items = ",\n".join(_items(table, known))
    return f'CREATE VIEW "{table.name}" AS SELECT\n{items}\nFROM "m_{table.name}" m'


def _items(table: Table, known: Container[str]) -> Iterator[str]:
    for name, kind in HIDDEN.items():
        yield f"CAST(m.{name} AS {kind}) AS {name}"
    for column in table.columns.values():
        kind = DUCKDB_TYPES[column.data_type]
        yield f'CAST({source(column, known)} AS {kind}) AS "{column.name}"'


def source(column: TableColumn, known: Container[str]) -> str:
    """Where a column comes from: the model, a moment, a metric family, or nowhere."""
    if column.name in known:
        return f'm."{column.name}"'
    return (
        _from_moment(column.name, known) or _from_metric(column.name, known) or "NULL"
    )


def _from_moment(name: str, known: Container[str]) -> str | None:
    match = MOMENT.fullmatch(name)
    if match is None or f"{match['stem']}_dt_utc" not in known:
        return None
    moment = f'm."{match["stem"]}_dt_utc"'
    if not match["utc"]:
        moment = f"timezone(m.__zone, timezone('UTC', {moment}))"
    return PARTS[match["part"]].format(moment)


def _from_metric(name: str, known: Container[str]) -> str | None:
    match = METRIC.fullmatch(name)
    if match is None or f"__{match['what']}" not in known:
        return None
    conditions = [SCOPES[match["scope"]], EVENTS[match["event"]]]
    if match["new"]:
        conditions.append("m.__new")
    met = " AND ".join(conditions)
    return f'CASE WHEN {met} THEN m."__{match["what"]}" ELSE 0 END'
