"""Several CSV files of one result made into one, as a stream. Pure.

Amazon gives a large result as several files, each with its header. Bytes go through
as they come; only a header and one unfinished line are held in memory.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterable

from workflows.errors import InvalidResult

LONGEST_LINE = 16_000_000  # bytes; what has none so far is no CSV


class Merger:
    """Takes files one after another and writes one, counting rows as CSV has them.

    Raises InvalidResult for what cannot be one table in UTF-8.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.columns: list[str] = []
        self.row_count = 0
        self.size_bytes = 0
        self.files = 0
        self._write_out = write
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def add(self, chunks: Iterable[bytes]) -> None:
        """One whole file, its header first."""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._line = b""
        self._is_quoted = False
        self._is_header = True
        self._record = b""
        for chunk in chunks:
            self._feed(chunk)
        self._finish()

    def _feed(self, chunk: bytes) -> None:
        self._check_text(chunk)
        first, *others = chunk.split(b"\n")
        if not others:
            self._hold(first)
            return
        complete = [self._line + first, *others[:-1]]
        self._line = others[-1]
        kept = [line for line in complete if self._takes(line)]
        if kept:
            self._write(b"\n".join(kept) + b"\n")

    def _hold(self, part: bytes) -> None:
        self._line += part
        if len(self._line) > LONGEST_LINE:
            raise InvalidResult("The file is no CSV: a line of it does not end.")

    def _takes(self, line: bytes) -> bool:
        """Follow the quotes through a line; whether it belongs to the rows."""
        begins = not self._is_quoted
        self._is_quoted ^= bool(line.count(b'"') & 1)
        if self._is_header:
            self._read_header(line)
            return False
        if begins and self._is_blank(line):
            return False
        self.row_count += not self._is_quoted
        return True

    def _is_blank(self, line: bytes) -> bool:
        """An empty line is a row only where there is a single column."""
        return line in (b"", b"\r") and len(self.columns) > 1

    def _read_header(self, line: bytes) -> None:
        self._record += line + b"\n"
        if self._is_quoted:
            return
        self._is_header = False
        columns = _header(self._record)
        if self.files == 0:
            self.columns = columns
            self._write(self._record.removeprefix(codecs.BOM_UTF8))
        elif columns != self.columns:
            raise InvalidResult(
                "The files of the result have different columns: "
                f"{', '.join(self.columns)}; {', '.join(columns)}."
            )

    def _finish(self) -> None:
        self._check_text(b"", final=True)
        if self._line:
            line, self._line = self._line, b""
            if self._takes(line):
                self._write(line + b"\n")
        if self._is_quoted:
            raise InvalidResult("The file ends inside a quoted value.")
        if self._is_header:
            raise InvalidResult("A file of the result is empty: it has no header.")
        self.files += 1

    def _check_text(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise InvalidResult("The file is no text in UTF-8.") from error

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self.size_bytes += len(data)
        self._write_out(data)


def _header(record: bytes) -> list[str]:
    text = record.decode("utf-8-sig").rstrip("\r\n")
    if text.lstrip().startswith("<") or not text.strip():
        raise InvalidResult("The file is no CSV: it begins with no header.")
    (columns,) = csv.reader([text])
    return columns
