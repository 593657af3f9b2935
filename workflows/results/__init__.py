"""Landed results, read page by page or streamed; never a whole file in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import IO

from django.core.files.storage import storages

from workflows.errors import InvalidPage, ResultRemoved
from workflows.models import ExecutionResult
from workflows.results.formulas import harmless

LONGEST_PAGE = 1_000
_CHUNK = 64 * 1024
# Python refuses cells of more than 128 KiB; what has landed may be read.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows as texts. `next_token` is the `offset_token` of the next page."""

    columns: list[str]
    rows: list[list[str]]
    next_token: str | None


def page(result: ExecutionResult, offset_token: str | None, limit: int) -> Page:
    """At most `limit` rows from where `offset_token` points, without it the first.

    Raises ResultRemoved and InvalidPage.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise InvalidPage(f"A page has 1 to {LONGEST_PAGE} rows.", field="limit")
    _refuse_removed(result)
    with _opened(result) as file:
        _go_to(file, offset_token, result.size_bytes)
        rows = list(islice(_records(file, len(result.columns)), limit))
        place = file.tell()
    return Page(
        columns=result.columns,
        rows=rows,
        next_token=str(place) if place < result.size_bytes else None,
    )


def stream_csv(result: ExecutionResult) -> Iterator[bytes]:
    """The file as Amazon gave it. Raises ResultRemoved at once."""
    _refuse_removed(result)
    return _pieces(result)


def stream_safe_csv(result: ExecutionResult, *, bom: bool = False) -> Iterator[bytes]:
    """The file with formulas made text; `bom`: Excel then reads it as UTF-8."""
    _refuse_removed(result)
    return _safe_pieces(result, bom=bom)


def _pieces(result: ExecutionResult) -> Iterator[bytes]:
    with _opened(result) as file:
        while piece := file.read(_CHUNK):
            yield piece


def _safe_pieces(result: ExecutionResult, *, bom: bool) -> Iterator[bytes]:
    text = StringIO()
    writer = csv.writer(text)
    with _opened(result) as file:
        if bom:
            text.write("\ufeff")
        for record in _records(file, columns=1):
            writer.writerow([harmless(cell) for cell in record])
            if text.tell() >= _CHUNK:
                yield _taken(text)
    yield _taken(text)


def _taken(text: StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def _refuse_removed(result: ExecutionResult) -> None:
    is_kept = result.removed_at is None
    if not is_kept or not storages["results"].exists(result.storage_key):
        raise ResultRemoved


def _opened(result: ExecutionResult) -> IO[bytes]:
    file: IO[bytes] = storages["results"].open(result.storage_key, "rb")
    return file


def _go_to(file: IO[bytes], offset_token: str | None, size: int) -> None:
    if offset_token is None:
        next(_raw_records(file), None)  # the header
        return
    is_number = offset_token.isascii() and offset_token.isdigit()
    if not is_number or len(offset_token) > 18 or int(offset_token) > size:
        raise InvalidPage(field="offset")
    file.seek(int(offset_token))


def _records(file: IO[bytes], columns: int) -> Iterator[list[str]]:
    for record in _raw_records(file):
        cells = _cells(record)
        # An empty line is a row where there is a single column, and NULL in it.
        if cells or columns == 1:
            yield cells or [""]


def _raw_records(file: IO[bytes]) -> Iterator[str]:
    """Line by line, but over the line ends within quotes."""
    record = b""
    for line in iter(file.readline, b""):
        record += line
        if record.count(b'"') % 2 == 0:
            yield _text(record)
            record = b""
    if record:
        yield _text(record)


def _text(record: bytes) -> str:
    return record.decode(errors="replace").removesuffix("\n").removesuffix("\r")


def _cells(record: str) -> list[str]:
    """What csv cannot read, a stray carriage return say, is shown as one cell."""
    try:
        return next(csv.reader([record]), [])
    except csv.Error:
        return [record]
