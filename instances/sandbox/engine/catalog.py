"""The tables and columns of AMC: names, types and threshold levels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

SCHEMA = "sandbox"
"""The schema that a query may name before a table; without one it is meant too."""

HIDDEN = {"__t": "TIMESTAMP", "__avail": "TIMESTAMP", "__adv": "BIGINT"}
"""Columns that views have beside AMC's, for the window and the instance's share."""


class Level(IntEnum):
    """Aggregation threshold of a column: higher is more secret."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    VERY_HIGH = 4
    INTERNAL = 5


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A documented column."""

    name: str
    data_type: str
    level: Level

    @property
    def is_metric(self) -> bool:
        """Whether AMC calls it a metric: a number that one adds up."""
        return self.name == "click_cost" or (
            self.level is Level.NONE and self.data_type not in {"BOOLEAN", "STRING"}
        )


@dataclass(frozen=True, kw_only=True)
class Table:
    """A documented data source."""

    name: str
    description: str
    columns: Mapping[str, TableColumn]
    windowed: bool
    """Whether the time window restricts it."""


def _table(name: str, entry: Mapping[str, object]) -> Table:
    columns = entry["columns"]
    assert isinstance(columns, dict)  # noqa: S101 - our own file
    return Table(
        name=name,
        description=str(entry["description"]),
        windowed=bool(entry.get("window", True)),
        columns=MappingProxyType(
            {
                column: TableColumn(name=column, data_type=kind, level=Level[level])
                for column, (kind, level) in columns.items()
            }
        ),
    )


@cache
def tables() -> Mapping[str, Table]:
    """All data sources by name."""
    source = resources.files(__package__).joinpath("columns.json")
    entries = json.loads(source.read_text(encoding="utf-8"))
    return MappingProxyType({name: _table(name, e) for name, e in entries.items()})


def data_sources() -> list[dict[str, object]]:
    """The data sources in the shape of AMC's `dataSources` answer."""
    return [_data_source(table) for table in tables().values()]


def _data_source(table: Table) -> dict[str, object]:
    return {
        "dataSourceId": table.name,
        "description": table.description,
        "owner": "AMAZON",
        "provider": "AMAZON",
        "tags": [],
        "outputChannels": [{"channel": "SECURE_S3", "outputAvailable": True}],
        "columns": [
            {
                "name": column.name,
                "description": f"{column.data_type}, threshold {column.level.name}",
                "columnType": "METRIC" if column.is_metric else "DIMENSION",
            }
            for column in table.columns.values()
        ],
    }
