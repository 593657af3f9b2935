from __future__ import annotations

from datetime import UTC, datetime, timedelta

from instances.sandbox.clock import SandboxClock

START = datetime(2026, 11, 23, 14, 12, tzinfo=UTC)


class Wall:
    """The machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_runs_with_the_machine_from_where_it_was_started() -> None:
    wall = Wall()
    clock = SandboxClock(start=START, wall_seconds=wall)

    wall.seconds += 90

    assert clock.now() == START + timedelta(seconds=90)


def test_without_a_start_it_is_the_machines_time() -> None:
    clock = SandboxClock(wall_seconds=Wall())

    assert clock.now() == datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC)


def test_advances_and_goes_on_from_there() -> None:
    wall = Wall()
    clock = SandboxClock(start=START, wall_seconds=wall)

    clock.advance(timedelta(hours=1))
    wall.seconds += 5

    assert clock.now() == START + timedelta(hours=1, seconds=5)


def test_a_rate_counts_from_the_moment_it_is_set() -> None:
    wall = Wall()
    clock = SandboxClock(start=START, wall_seconds=wall)

    wall.seconds += 10
    clock.run_at(60)
    wall.seconds += 10

    assert clock.now() == START + timedelta(seconds=10 + 600)


def test_stands_still_at_rate_zero_and_can_still_be_moved() -> None:
    wall = Wall()
    clock = SandboxClock(start=START, wall_seconds=wall)

    clock.run_at(0)
    wall.seconds += 100
    clock.advance(timedelta(seconds=7))

    assert clock.now() == START + timedelta(seconds=7)


def test_reset_takes_it_back_to_its_start_and_pace() -> None:
    wall = Wall()
    clock = SandboxClock(start=START, wall_seconds=wall)
    clock.set(START + timedelta(days=400))
    clock.run_at(0)

    clock.reset()
    wall.seconds += 1

    assert (clock.now(), clock.rate) == (START + timedelta(seconds=1), 1.0)
