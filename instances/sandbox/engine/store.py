"""The stored data set: generated once per scale, seed and month, then only read."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from instances.sandbox.engine import views
from instances.sandbox.engine.catalog import tables

SCRIPTS = ("world.sql", "events.sql", "models.sql")
HISTORY_MONTHS = 13
DAYS_AHEAD = 62
"""From the anchor: thirty days beyond the last day of its month."""

LEAD_IN_DAYS = 120
"""Hidden days before the first: the longest journey (60), the longest way from a touch
to a conversion (40) and some room, so that the left edge is as if there were none."""

HISTORY_DAYS = 396
TOUCHES_PER_JOURNEY = 2.63
"""DSP impressions that a journey brings about, measured; sets the scale."""

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Which data: rows of a day depend on the scale, the seed and that day only."""

    impressions: int
    seed: int
    anchor: date
    """First day of the current month; a file serves a whole month."""

    @property
    def name(self) -> str:
        """The file's name: everything that its content depends on."""
        return (
            f"amc-{self.version}-n{self.impressions}-s{self.seed}"
            f"-{self.anchor:%Y-%m}.duckdb"
        )

    @property
    def version(self) -> str:
        """Changes with whatever the data are made of: an old file is not used."""
        made_of = f"{sources()}{sorted(self.variables().items())}"
        return hashlib.sha256(made_of.encode()).hexdigest()[:8]

    @property
    def first_day(self) -> date:
        """First day of the month thirteen months before the anchor's."""
        months = self.anchor.year * 12 + self.anchor.month - 1 - HISTORY_MONTHS
        return date(months // 12, months % 12 + 1, 1)

    @property
    def end_day(self) -> date:
        """The day after the last one."""
        return self.anchor + timedelta(days=DAYS_AHEAD)

    def variables(self) -> Mapping[str, object]:
        """What the SQL files ask for with `getvariable`."""
        first, end = _day_number(self.first_day), _day_number(self.end_day)
        per_day = self.impressions / HISTORY_DAYS
        return {
            "seed": self.seed,
            "users": max(self.impressions // 12, 200),
            "journeys_per_day": per_day / TOUCHES_PER_JOURNEY,
            "organic_per_day": per_day * 0.1,
            "lead_day": first - LEAD_IN_DAYS,
            "first_day": first,
            "end_day": end,
            "first_time": datetime.combine(self.first_day, datetime.min.time()),
            "end_time": datetime.combine(self.end_day, datetime.min.time()),
        }


@cache
def sources() -> str:
    """All text that the data set is generated from."""
    scripts = "".join(_script(name) for name in SCRIPTS)
    return f"{scripts}{inspect.getsource(views)}{tables()!r}"


def _day_number(day: date) -> int:
    return (day - EPOCH).days


def data_set(*, impressions: int, seed: int, today: date) -> DataSet:
    """The data set to use on the day `today`."""
    return DataSet(impressions=impressions, seed=seed, anchor=today.replace(day=1))


def ensure(data_dir: Path, wanted: DataSet) -> Path:
    """The data set's file, generated when it is not there yet.

    Written under a temporary name and renamed: a killed generation leaves no half file,
    and of two at once either result is the same.
    """
    path = data_dir / wanted.name
    if path.exists():
        return path
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    try:
        generate(draft, wanted)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
        Path(f"{draft}.wal").unlink(missing_ok=True)
    return path


def generate(path: Path, wanted: DataSet) -> None:
    """Write the data set into the new file `path`."""
    started = time.monotonic()
    _say(f"Generating {wanted.impressions:,} DSP impressions of synthetic AMC data …")
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = true")
        for name, value in wanted.variables().items():
            connection.execute(f"SET VARIABLE {name} = $1", [value])
        for script in SCRIPTS:
            connection.execute(_script(script))
            _say(f"  {script} done after {time.monotonic() - started:.1f} s")
        views.create_views(connection)
        connection.execute("CHECKPOINT")
    _say(f"Generated in {time.monotonic() - started:.1f} s.")


def _script(name: str) -> str:
    folder = resources.files(__package__).joinpath("data")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET threads = 2",
    "SET memory_limit = '2GB'",
    "SET temp_directory = ''",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""In this order: the last one forbids any further change."""


def open_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """The stored file, read-only, shut off from files and network."""
    connection = duckdb.connect(str(path), read_only=True)
    if not _is_locked(connection):
        for setting in SETTINGS:
            connection.execute(setting)
    return connection


def _is_locked(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether another connection of this process has opened and locked the file."""
    row = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    return row is not None and bool(row[0])


def as_naive_utc(moment: datetime) -> datetime:
    """An aware moment as the database stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
