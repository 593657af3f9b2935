from __future__ import annotations

from datetime import timedelta

import pytest

from instances.timing import Times
from tests.makers import NOON
from workflows.executions.intervals import next_poll, next_search

SPANS = Times()


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("age", "wait"),
    [(-60, 5), (0, 5), (49, 5), (60, 6), (600, 60), (3000, 300), (86_400, 300)],
)
def test_the_next_poll_comes_after_a_tenth_of_the_age(age: float, wait: float) -> None:
    assert next_poll(NOON - seconds(age), NOON, SPANS) == NOON + seconds(wait)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (0, 5),
        (59, 5),
        (60, 60),
        (119, 60),
        (121, 59),  # 180 s: from here on a list can prove absence
        (179, 1),
        (180, 60),
        (20_000, 60),
    ],
)
def test_the_search_for_a_mark_is_not_late_for_the_proof(
    age: float, wait: float
) -> None:
    assert next_search(NOON - seconds(age), NOON, SPANS) == NOON + seconds(wait)
