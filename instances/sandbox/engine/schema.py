"""All data sources as sqlglot's resolution and types want them."""

from __future__ import annotations

from functools import cache

from sqlglot.schema import MappingSchema

from instances.sandbox.engine.catalog import tables
from instances.sandbox.engine.views import DUCKDB_TYPES


@cache
def schema() -> MappingSchema:
    """Data source → column → type of the database, without precision."""
    mapping: dict[str, object] = {
        name: {
            column.name: DUCKDB_TYPES[column.data_type].partition("(")[0]
            for column in table.columns.values()
        }
        for name, table in tables().items()
    }
    return MappingSchema(mapping, dialect="duckdb", normalize=False)
