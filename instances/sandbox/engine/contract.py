"""What the sandbox's server and the engine say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Privacy = Literal["REMOVE_ROWS", "REMOVE_VALUES"]
ColumnType = Literal["DIMENSION", "METRIC"]


@dataclass(frozen=True, kw_only=True)
class DeclaredParameter:
    """A workflow's input parameter; `element_type` only when `data_type` is ARRAY."""

    name: str
    data_type: str
    element_type: str | None = None
    default: object = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """One question to the data.

    The window holds rows with start <= t < end. `now` decides which rows have arrived
    and what CURRENT_DATE is. All moments are aware and in UTC.
    """

    sql: str
    declared: tuple[DeclaredParameter, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    window_start: datetime
    window_end: datetime
    now: datetime
    advertisers: frozenset[int]
    privacy: Privacy = "REMOVE_ROWS"


@dataclass(frozen=True, kw_only=True)
class Column:
    """An output column, with AMC's name of its type."""

    name: str
    data_type: str
    column_type: ColumnType


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run wrote: complete CSV files, in order, each with its header."""

    columns: tuple[Column, ...]
    files: tuple[Path, ...]
    rows: int
    metadata: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class AdvertiserInfo:
    """An advertiser of the synthetic world, as `advertisers[]` and people see it."""

    id: int
    name: str
    timezone: str
    currency: str


class QueryRefused(Exception):
    """Found before running; `str()` is AMC's text without its "compile" prefix."""


class QueryFailed(Exception):
    """Failed while running; `str()` is one clean sentence for `statusReason`."""


class QueryCancelled(Exception):
    """Stopped by `cancel`."""
