"""The waits before a dead process is started again."""

from __future__ import annotations

import pytest

from config.embedded.backoff import Backoff, wait_seconds


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (1000, 30)]
)
def test_each_death_in_a_row_doubles_the_wait(deaths: int, seconds: float) -> None:
    assert wait_seconds(deaths) == seconds


def test_a_process_is_due_when_its_wait_is_over() -> None:
    dead = Backoff().after_start(now=100).after_death(now=101)

    assert not dead.is_due(now=101.9)
    assert dead.is_due(now=102)


def test_a_started_process_waits_for_nothing() -> None:
    started = Backoff().after_death(now=5).after_start(now=6)

    assert not started.is_due(now=1000)


def test_a_minute_of_health_is_a_fresh_beginning() -> None:
    often_dead = Backoff(deaths=5, started_at=100)

    assert often_dead.after_death(now=159).deaths == 6
    assert often_dead.after_death(now=160).deaths == 1
