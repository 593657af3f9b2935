from __future__ import annotations

import pytest

from workflows.executions.marks import is_of, mark_in, marked, without_mark


def test_a_mark_can_be_read_back_and_taken_off() -> None:
    sent = marked("SELECT 1", "test-7-0123abcd")

    assert sent == "SELECT 1 /* amc-scheduler test-7-0123abcd */"
    assert mark_in(sent) == "test-7-0123abcd"
    assert without_mark(sent) == "SELECT 1"


@pytest.mark.parametrize(
    ("sql", "mark"),
    [
        ("SELECT 1", ""),
        ("", ""),
        ("SELECT 1 /* something else */", ""),
        ("SELECT 1 /*amc-scheduler a-1-0*/ ;\n", "a-1-0"),
        ("SELECT '/* amc-scheduler a-1-0 */' AS x", ""),
        ("/* amc-scheduler a-1-0 */ SELECT 1", ""),
        ("SELECT 1 /* amc-scheduler a-1-0 */ /* amc-scheduler b-2-0 */", "b-2-0"),
    ],
)
def test_a_mark_is_the_comment_at_the_very_end(sql: str, mark: str) -> None:
    assert mark_in(sql) == mark


@pytest.mark.parametrize(
    ("installation", "mark", "is_ours"),
    [
        ("prod", "prod-12-0123abcd", True),
        ("prod", "prod-eu-12-0123abcd", False),
        ("prod-eu", "prod-eu-12-0123abcd", True),
        ("p.od", "prod-12-0123abcd", False),
        ("prod", "prod-12-0123ABCD", False),
        ("prod", "prod-x-0123abcd", False),
        ("prod", "", False),
    ],
)
def test_a_mark_is_ours_only_with_our_whole_name(
    installation: str, mark: str, is_ours: bool
) -> None:
    assert is_of(installation, mark) is is_ours
