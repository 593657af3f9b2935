from __future__ import annotations

import csv
import hashlib
import tracemalloc
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidResult
from workflows.results.merging import LONGEST_LINE, Merger

HEADER = b"advertiser,reach\r\n"


def merged(*files: bytes, piece: int = 7) -> tuple[bytes, Merger]:
    out = bytearray()
    merger = Merger(out.extend)
    for file in files:
        merger.add(file[at : at + piece] for at in range(0, len(file), piece))
    return bytes(out), merger


def test_repeated_headers_are_dropped() -> None:
    out, merger = merged(HEADER + b"Acme,1\r\n", HEADER + b"Beta,2\r\nGamma,3\r\n")

    assert out == HEADER + b"Acme,1\r\nBeta,2\r\nGamma,3\r\n"
    assert (merger.files, merger.row_count) == (2, 3)
    assert merger.columns == ["advertiser", "reach"]
    assert merger.size_bytes == len(out)
    assert merger.sha256 == hashlib.sha256(out).hexdigest()


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        (b"a,b\n", 0),
        (b"a,b", 0),
        (b"a,b\n1,2", 1),
        (b"a,b\n1,2\n\n\n", 1),
        (b"a,b\r\n1,2\r\n\r\n3,4\r\n", 2),
        (b'a,b\n"one\ntwo",2\n3,4\n', 2),
        (b'a,b\n"say ""hi""\n\n",2\n', 1),
        (b'"a\nb",c\n1,2\n', 1),
        (b"a\n1\n\n3\n", 3),
        ("ä,ß\nGröße,€\n".encode(), 1),
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_rows_are_counted_as_csv_counts_them(
    file: bytes, rows: int, piece: int
) -> None:
    _, merger = merged(file, piece=piece)

    assert merger.row_count == rows


def test_a_file_without_last_line_end_does_not_run_into_the_next() -> None:
    out, merger = merged(b"a,b\n1,2", b"a,b\n3,4")

    assert out == b"a,b\n1,2\n3,4\n"
    assert merger.row_count == 2


def test_a_byte_order_mark_is_no_part_of_a_column() -> None:
    out, merger = merged(b"\xef\xbb\xbfa,b\n1,2\n", b"a,b\n3,4\n")

    assert merger.columns == ["a", "b"]
    assert out == b"a,b\n1,2\n3,4\n"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([b"a,b\n1,2\n", b"b,a\n1,2\n"], "different columns: a, b; b, a"),
        ([b""], "empty: it has no header"),
        ([b"a,b\n1,2\n", b""], "empty: it has no header"),
        ([b'a,b\n1,"2\n'], "ends inside a quoted value"),
        ([b"a,b\n\xff\xfe\n"], "no text in UTF-8"),
        ([b"a,b\n1,\xe2\x82"], "no text in UTF-8"),
        ([b"<html>It works!</html>\n"], "begins with no header"),
        ([b"\n1,2\n"], "begins with no header"),
    ],
)
def test_what_is_no_table_is_refused(files: list[bytes], problem: str) -> None:
    with pytest.raises(InvalidResult, match=problem):
        merged(*files)


def test_a_line_without_end_is_given_up() -> None:
    endless = (b"x" * 1_000_000 for _ in range(LONGEST_LINE // 1_000_000 + 1))

    with pytest.raises(InvalidResult, match="does not end"):
        Merger(bytearray().extend).add(endless)


def test_a_large_file_goes_through_without_being_held() -> None:
    rows = b"0123456789,0123456789\n" * 50_000

    def file() -> Iterator[bytes]:
        yield b"a,b\n"
        for _ in range(20):
            yield rows

    merger = Merger(lambda data: None)
    tracemalloc.start()
    merger.add(file())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert merger.row_count == 1_000_000
    assert peak < 12_000_000  # one piece of 1.1 MB, and its lines


# Python quotes no carriage return of its own accord where lines end otherwise.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)
tables = st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6)


@given(
    tables,
    tables,
    st.sampled_from(["\n", "\r\n"]),
    st.integers(min_value=1, max_value=40),
)
def test_two_files_become_the_table_that_csv_reads_from_both(
    first: list[list[str]], second: list[list[str]], line_end: str, piece: int
) -> None:
    header = ["one", "two"]

    out, merger = merged(
        *(written([header, *table], line_end) for table in (first, second)), piece=piece
    )

    assert read(out) == [header, *first, *second]
    assert merger.row_count == len(first) + len(second)


def written(table: list[list[str]], line_end: str) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(table)
    return text.getvalue().encode()


def read(file: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(file.decode(), newline="")))
