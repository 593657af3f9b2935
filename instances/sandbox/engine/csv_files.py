"""Results as AMC writes them: complete CSV files, each with the header."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from instances.sandbox.engine.contract import QueryFailed

LARGEST_RESULT = 1 << 30
"""Bytes before compression."""

FORMATS = {
    "TIMESTAMP": "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')",
    "VARCHAR": "{0}",
}
"""How a column becomes text, by its type; arrays and rows are written by `text_of`."""


def formatted(column: str, kind: str) -> str:
    """The expression for a column as AMC's text, or for the nested value as it is."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return column
    return FORMATS.get(kind, "CAST({0} AS VARCHAR)").format(column)


def text_of(value: object) -> object:
    """A field: nested values as `[1, a]`, which is our choice; AMC's is not known."""
    if isinstance(value, dict):
        return text_of(list(value.values()))
    if isinstance(value, list | tuple):
        return f"[{', '.join(str(text_of(item)) for item in value)}]"
    return "" if value is None else value


@dataclass(kw_only=True)
class CsvFiles:
    """Writes rows into as many files as are needed; the first may be only a header."""

    folder: Path
    header: Sequence[str]
    rows_per_file: int
    compressed: bool
    paths: list[Path] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    _file: TextIO | None = None
    _in_file: int = 0

    def __enter__(self) -> CsvFiles:
        self._next_file()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows; raises QueryFailed when the result gets too large."""
        while rows:
            room = self.rows_per_file - self._in_file
            if room <= 0:
                self._next_file()
                continue
            self._append(rows[:room])
            rows = rows[room:]

    def _append(self, rows: Sequence[Sequence[object]]) -> None:
        text = _csv([map(text_of, row) for row in rows])
        self.size += len(text)
        if self.size > LARGEST_RESULT:
            raise QueryFailed("The result is too large")
        assert self._file is not None  # noqa: S101 - open since __enter__
        self._file.write(text)
        self.rows += len(rows)
        self._in_file += len(rows)

    def _next_file(self) -> None:
        if self._file is not None:
            self._file.close()
        suffix = ".csv.gz" if self.compressed else ".csv"
        path = self.folder / f"part-{len(self.paths) + 1:05}{suffix}"
        self._file = _open(path, self.compressed)
        self._file.write(_csv([self.header]))
        self._in_file = 0
        self.paths.append(path)


def _open(path: Path, compressed: bool) -> TextIO:
    if not compressed:
        return path.open("w", encoding="utf-8", newline="")
    # No time stamp: the same result is the same file.
    stream = gzip.GzipFile(path, "wb", mtime=0)
    return io.TextIOWrapper(stream, encoding="utf-8", newline="")


def _csv(rows: Iterable[Iterable[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
