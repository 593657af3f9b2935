from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from instances.amc.answers import Execution
from tests.makers import NOON
from workflows.executions.matching import Found, Sought, search

SQL = "SELECT a FROM t WHERE b = 'x  y'"
SOUGHT = Sought(
    mark="test-1-00000001",
    sql=f"{SQL} /* amc-scheduler test-1-00000001 */",
    window_start="2026-11-14T00:00:00",
    window_end="2026-11-21T00:00:00",
    window_timezone="America/New_York",
    sending_at=NOON,
    slack=timedelta(minutes=5),
)
UNMARKED = Execution(
    id="unmarked",
    status="PENDING",
    status_reason="",
    created_at=NOON,
    sql=SQL,
    window_start="2026-11-14T00:00:00",
    window_end="2026-11-21T00:00:00",
    window_timezone="America/New_York",
    workflow_id="",
    raw={},
)


def marked(name: str, created_at: datetime | None) -> Execution:
    return replace(UNMARKED, id=name, sql=SOUGHT.sql, created_at=created_at)


def found(*listed: Execution, known: tuple[str, ...] = ()) -> Found:
    return search(SOUGHT, listed, known=known)


def test_an_empty_list_holds_nothing() -> None:
    assert found() == Found()


def test_the_mark_decides_and_the_earliest_comes_first() -> None:
    late, early = marked("b", NOON + timedelta(seconds=1)), marked("a", NOON)
    undated = marked("c", None)

    assert found(undated, late, UNMARKED, early) == Found(
        executions=(early, late, undated)
    )


def test_another_mark_is_another_execution() -> None:
    other = replace(UNMARKED, sql=f"{SQL} /* amc-scheduler test-1-00000002 */")

    assert found(other) == Found()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sql": "SELECT  a\nFROM t WHERE b = 'x  y' "},
        {"created_at": None},
        {"created_at": NOON - timedelta(minutes=5)},
        {
            "window_start": "2026-11-14T05:00:00Z",
            "window_end": "2026-11-21T05:00:00Z",
            "window_timezone": "",
        },
    ],
)
def test_without_any_mark_likeness_must_do(changes: dict[str, Any]) -> None:
    like = replace(UNMARKED, **changes)

    assert found(like) == Found(executions=(like,), by_likeness=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"sql": None},
        {"sql": "SELECT b FROM t"},
        {"created_at": NOON - timedelta(minutes=6)},
        {"window_start": "2026-11-15T00:00:00"},
        {"window_end": "2026-11-22T00:00:00"},
        {"window_start": ""},
        {"window_start": "yesterday"},
        {"window_timezone": "UTC"},
        {"window_timezone": "Mars/Olympus"},
        {"window_start": "0001-01-01T00:00:00", "window_timezone": "Asia/Tokyo"},
    ],
)
def test_one_difference_makes_another_execution(changes: dict[str, Any]) -> None:
    assert found(replace(UNMARKED, **changes)) == Found()


def test_what_another_row_accounts_for_is_not_ours() -> None:
    assert found(UNMARKED, known=("unmarked",)) == Found()


def test_two_that_are_alike_leave_it_unclear() -> None:
    assert found(UNMARKED, replace(UNMARKED, id="twin")) == Found(is_unclear=True)
