"""A worker that takes nothing any more is told from one that has nothing to do."""

from __future__ import annotations

import pytest

from config.deaf_worker import DEAF_SECONDS, LOOK_SECONDS, Look, Stopwatch


def look(**changes: object) -> Look:
    idle = {"taken": 5, "has_work": False, "is_full": False, "waiting": False}
    return Look(**{**idle, **changes})


def seconds_after(looks: list[Look], *, every: float = LOOK_SECONDS) -> float:
    """What the stopwatch shows after these looks."""
    stopwatch, shown = Stopwatch(), 0.0
    for number, each in enumerate(looks):
        shown = stopwatch.seconds(each, now=1_000 + number * every)
    return shown


@pytest.mark.parametrize(
    "odd", [look(is_full=True), look(waiting=True), look(is_full=True, waiting=True)]
)
def test_a_worker_that_takes_nothing_is_deaf_in_the_end(odd: Look):
    assert seconds_after([odd] * 11) >= DEAF_SECONDS


@pytest.mark.parametrize(
    "healthy",
    [
        look(),
        look(has_work=True),
        look(has_work=True, is_full=True),
        look(has_work=True, is_full=True, waiting=True),
    ],
)
def test_a_worker_that_works_or_has_nothing_to_do_is_not_deaf(healthy: Look):
    assert seconds_after([healthy] * 50) == 0


def test_taking_a_message_starts_the_watch_anew():
    busy = [look(taken=number, waiting=True) for number in range(50)]

    assert seconds_after(busy) == 0


def test_one_good_look_ends_the_suspicion():
    odd = [look(is_full=True)] * 9

    assert seconds_after([*odd, look(), *odd]) < DEAF_SECONDS


def test_a_sleeping_machine_is_no_deaf_worker():
    assert seconds_after([look(is_full=True)] * 3, every=3_600) == 0
