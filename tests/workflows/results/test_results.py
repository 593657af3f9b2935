from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from schedules.models import Target
from tests.makers import NOON, make_execution, make_run
from workflows.errors import InvalidPage, ResultRemoved
from workflows.models import ExecutionResult
from workflows.results import page, stream_csv, stream_safe_csv

pytestmark = pytest.mark.usefixtures("results_folder")

FILE = 'name,"note\nof two lines"\r\nAcme,"one\ntwo"\r\nBeta,"=1+1"\r\nGamma,-5\r\n'
COLUMNS = ["name", "note\nof two lines"]


def landed(target: Target, content: str, columns: list[str]) -> ExecutionResult:
    data = content.encode()
    execution = make_execution(make_run(target))
    return ExecutionResult.objects.create(
        execution=execution,
        storage_key=storages["results"].save("executions/1/a.csv", ContentFile(data)),
        size_bytes=len(data),
        row_count=3,
        sha256="0" * 64,
        columns=columns,
        created_at=NOON,
    )


def test_pages_follow_one_another_to_the_end(target: Target) -> None:
    result = landed(target, FILE, COLUMNS)

    first = page(result, None, 2)
    second = page(result, first.next_token, 2)

    assert first.columns == COLUMNS
    assert first.rows == [["Acme", "one\ntwo"], ["Beta", "=1+1"]]
    assert second.rows == [["Gamma", "-5"]]
    assert second.next_token is None


def test_an_empty_result_has_one_empty_page(target: Target) -> None:
    empty = page(landed(target, "a,b\n", ["a", "b"]), None, 100)

    assert (empty.rows, empty.next_token) == ([], None)


def test_an_empty_line_is_a_row_of_a_single_column(target: Target) -> None:
    result = landed(target, "a\n1\n\n3\n", ["a"])

    assert page(result, None, 100).rows == [["1"], [""], ["3"]]


def test_a_stray_carriage_return_does_not_hide_a_row(target: Target) -> None:
    result = landed(target, "a,b\n1\r2,x\n", ["a", "b"])

    assert page(result, None, 100).rows == [["1\r2,x"]]


@pytest.mark.parametrize("token", ["", "x", "-1", "1e3", "٣", "99999", "9" * 40])
def test_a_made_up_offset_is_refused(target: Target, token: str) -> None:
    result = landed(target, FILE, COLUMNS)

    with pytest.raises(InvalidPage):
        page(result, token, 10)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_of_no_sensible_size_is_refused(target: Target, limit: int) -> None:
    with pytest.raises(InvalidPage, match="1 to 1000"):
        page(landed(target, FILE, COLUMNS), None, limit)


def test_the_file_is_streamed_as_it_is(target: Target) -> None:
    result = landed(target, FILE, COLUMNS)

    assert b"".join(stream_csv(result)) == FILE.encode()


def test_the_safe_file_is_the_same_table_without_formulas(target: Target) -> None:
    result = landed(target, FILE, COLUMNS)

    text = b"".join(stream_safe_csv(result)).decode()

    assert list(csv.reader(StringIO(text, newline=""))) == [
        COLUMNS,
        ["Acme", "one\ntwo"],
        ["Beta", "'=1+1"],
        ["Gamma", "-5"],
    ]


def test_the_safe_file_begins_with_a_byte_order_mark_if_asked(target: Target) -> None:
    result = landed(target, FILE, COLUMNS)

    assert b"".join(stream_safe_csv(result, bom=True)).startswith(b"\xef\xbb\xbfname")


def test_a_large_safe_file_comes_in_pieces(target: Target) -> None:
    result = landed(target, "a,b\n" + "0123456789,x\n" * 20_000, ["a", "b"])

    pieces = list(stream_safe_csv(result))

    assert len(pieces) > 3
    assert b"".join(pieces).count(b"\n") == 20_001


def test_a_cell_longer_than_pythons_limit_can_be_read(target: Target) -> None:
    result = landed(target, "a,b\n1," + "x" * 200_000 + "\n", ["a", "b"])

    assert len(page(result, None, 1).rows[0][1]) == 200_000


@pytest.mark.parametrize("gone", ["by retention", "from the store"])
def test_a_removed_result_says_so_at_once(target: Target, gone: str) -> None:
    result = landed(target, FILE, COLUMNS)
    if gone == "by retention":
        result.removed_at = NOON
    else:
        storages["results"].delete(result.storage_key)

    for read in (lambda: page(result, None, 1), lambda: stream_csv(result)):
        with pytest.raises(ResultRemoved):
            read()
