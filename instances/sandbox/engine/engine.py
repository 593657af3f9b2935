"""The engine: checks and runs AMC SQL over the synthetic data set."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from instances.sandbox.engine import advertisers, catalog, store
from instances.sandbox.engine.contract import (
    AdvertiserInfo,
    Column,
    Query,
    QueryRefused,
    Result,
)
from instances.sandbox.engine.csv_files import CsvFiles, formatted
from instances.sandbox.engine.levels import Shape
from instances.sandbox.engine.run import Slots, sentence
from instances.sandbox.engine.translate import Translation, translate
from instances.sandbox.engine.windows import used

logger = logging.getLogger(__name__)

CACHED = 500
RUN_LIMIT_SECONDS = 300.0

AMC_TYPES = {
    "VARCHAR": "STRING",
    "BIGINT": "LONG",
    "HUGEINT": "LONG",
    "INTEGER": "INTEGER",
    "SMALLINT": "SHORT",
    "TINYINT": "BYTE",
    "DOUBLE": "DOUBLE",
    "FLOAT": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
}


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A translated query that the database accepts."""

    translation: Translation
    columns: tuple[Column, ...]
    output_sql: str
    """The query with every column as the text of its CSV field."""


class Engine:
    """One data set, open for reading. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = store.open_read_only(path)
        # The binding complains on stderr of connections still open when Python ends.
        atexit.register(self._connection.close)
        self._slots = Slots()
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[object, ...], Compiled] = OrderedDict()
        self._advertisers = advertisers.read(self._connection)

    @classmethod
    def open(
        cls, data_dir: Path, *, impressions: int = 200_000, seed: int = 7, today: date
    ) -> Engine:
        """The engine over the stored data set of this scale, seed and month.

        Generated on the first call, which takes seconds and says so on stderr.
        """
        wanted = store.data_set(impressions=impressions, seed=seed, today=today)
        return cls(store.ensure(data_dir, wanted))

    def close(self) -> None:
        """Close the data set; the engine is of no use afterwards."""
        atexit.unregister(self._connection.close)
        self._connection.close()

    def check(self, query: Query) -> tuple[Column, ...]:
        """The output columns, or QueryRefused. Runs nothing."""
        return self._compiled(query).columns

    def run(
        self,
        query: Query,
        folder: Path,
        *,
        rows_per_file: int = 1_000_000,
        gzip: bool = False,
        key: str = "",
        limit_seconds: float = RUN_LIMIT_SECONDS,
    ) -> Result:
        """Write the result's CSV files into `folder`.

        Raises QueryRefused, QueryFailed or QueryCancelled; then what was written is of
        no use.
        """
        compiled = self._compiled(query)
        started = time.monotonic()
        files = CsvFiles(
            folder=folder,
            header=[column.name for column in compiled.columns],
            rows_per_file=rows_per_file,
            compressed=gzip,
        )
        with self._slots.taken(self._connection, key, limit_seconds) as running, files:
            values = _values(query, compiled.translation)
            for batch in running.rows(compiled.output_sql, values):
                files.write(batch)
        return Result(
            columns=compiled.columns,
            files=tuple(files.paths),
            rows=files.rows,
            metadata={
                "bytes": files.size,
                "milliseconds": round((time.monotonic() - started) * 1000),
            },
        )

    def cancel(self, key: str) -> None:
        """Interrupt the run that was started with this key, if it still runs."""
        self._slots.cancel(key)

    def data_sources(self) -> list[dict[str, object]]:
        """All data sources in the shape of AMC's answer."""
        return catalog.data_sources()

    def advertisers(self) -> list[AdvertiserInfo]:
        """All advertisers of the world."""
        return list(self._advertisers)

    def advertisers_of(self, instance_number: int) -> frozenset[int]:
        """The ids of an instance's advertisers; instances count from 1."""
        return advertisers.of_instance(self._advertisers, instance_number)

    def _compiled(self, query: Query) -> Compiled:
        key = (
            query.sql,
            repr(query.declared),
            repr(sorted(query.values.items())),
            query.privacy,
        )
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        compiled = self._compile(query)
        with self._lock:
            self._cache[key] = compiled
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return compiled

    def _compile(self, query: Query) -> Compiled:
        translation = _translated(query)
        kinds = self._described(query, translation)
        names = [f'"c{place}"' for place in range(len(kinds))]
        items = ", ".join(
            formatted(name, kind) for name, kind in zip(names, kinds, strict=True)
        )
        return Compiled(
            translation=translation,
            columns=_columns(translation.shape, kinds),
            output_sql=(
                f"SELECT {items} FROM ({translation.sql})"  # noqa: S608 - a generated tree
                f' AS "__r"({", ".join(names)})'
            ),
        )

    def _described(self, query: Query, translation: Translation) -> list[str]:
        """The types of the output as the database sees them."""
        cursor = self._connection.cursor()
        try:
            values = dict(_values(query, translation))
            rows = cursor.execute(f"DESCRIBE {translation.sql}", values).fetchall()
        except duckdb.Error as error:
            raise QueryRefused(sentence(error)) from error
        finally:
            cursor.close()
        return [str(row[1]) for row in rows]


def _translated(query: Query) -> Translation:
    """The translation, or QueryRefused, whatever the text is."""
    try:
        return translate(query)
    except QueryRefused:
        raise
    except Exception as error:
        # The text is anybody's; a gap in our translation is not to bring the server
        # down, and a refusal is what AMC answers to what it does not understand.
        logger.exception("translation failed")
        raise QueryRefused("The query could not be understood") from error


def _columns(shape: Shape, kinds: list[str]) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=name,
            data_type=amc_type(kind),
            column_type="METRIC" if output.metric else "DIMENSION",
        )
        for (name, output), kind in zip(shape.outputs.items(), kinds, strict=True)
    )


def amc_type(kind: str) -> str:
    """AMC's name for a type of the database."""
    if kind.endswith("]"):
        return "ARRAY"
    bare = kind.partition("(")[0]
    return AMC_TYPES.get(bare, "DECIMAL" if bare == "DECIMAL" else "STRING")


def _values(query: Query, translation: Translation) -> Mapping[str, object]:
    """The placeholders that the translation uses, with this run's values."""
    start, end, now = (
        store.as_naive_utc(moment)
        for moment in (query.window_start, query.window_end, query.now)
    )
    known: dict[str, object] = {
        "now": now,
        "today": now.date(),
        "window_start": start,
        "window_end": end,
        "advertisers": sorted(query.advertisers),
        **used(translation.bounds, start, end),
    }
    return {
        name: value for name, value in known.items() if name in translation.placeholders
    }
