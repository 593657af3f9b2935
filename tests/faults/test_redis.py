"""Faults of the broker: messages lost, connections cut, answers that never come."""

from __future__ import annotations

import time

import pytest

from tests.faults.person import Person
from tests.faults.trial import MIXED, Trial

pytestmark = pytest.mark.faults

ONCE = {"cron_expression": "1 12 * * *", "overlap_policy": "allow"}


@pytest.mark.quick
def test_f06_everything_queued_is_flushed(trial: Trial):
    trial.begin({**ONCE, "copies": 60, "missed_policy": "all"}, instances=10)
    trial.wait_until(lambda: trial.runs("state = 'RUNNING'") >= 10, 30)
    trial.stack.freeze("worker-work")
    queued = trial.wait_until(lambda: _length(trial, "work") >= 20, 15)

    lost = _length(trial, "work")
    trial.stack.redis.flushall()
    trial.stack.thaw("worker-work")

    assert queued, f"only {lost} messages waited"
    trial.bit(lost)
    trial.conclude(only_in=["SUCCEEDED"])


def test_f07_redis_is_dead_for_twenty_seconds_and_comes_back_empty(trial: Trial):
    trial.begin(*MIXED)
    trial.wait_until(lambda: trial.runs() > 0, 20)
    trial.stack.hold_down("valkey")
    trial.stack.empty_valkey()
    trial.bit(1)

    trial.wait(20)
    trial.stack.heal()

    _all_consume(trial)
    trial.conclude()


def test_f07b_redis_is_killed_and_comes_back_with_its_file(trial: Trial):
    trial.begin(*MIXED)
    trial.wait_until(lambda: trial.runs() > 0, 20)
    trial.stack.kill("valkey")
    trial.bit(1)

    trial.wait(10)

    _all_consume(trial)
    trial.conclude()


def test_f08_all_clients_are_cut_off_twice_a_second(trial: Trial):
    trial.begin(*MIXED)
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline:
        trial.bit(
            int(trial.stack.redis.execute_command("CLIENT", "KILL", "TYPE", "normal"))
        )
        trial.wait(0.5)

    _all_consume(trial)
    trial.conclude()


def test_f09_redis_is_frozen_and_pages_are_quick_all_the_same(trial: Trial):
    trial.begin({"copies": 6, "overlap_policy": "allow", "missed_policy": "all"})
    with Person(trial.stack.web_url, "owner1") as person:
        (first, *_) = person.get("schedules/").json()["results"]
        trial.stack.freeze("valkey")
        seconds = []
        for _ in range(20):
            begun = time.monotonic()
            answer = person.post(f"schedules/{first['id']}/trigger/", {"force": True})
            assert answer.status_code in (201, 409), answer.text
            seconds.append(time.monotonic() - begun)
            trial.wait(1)
        trial.stack.thaw("valkey")
    trial.bit(1)

    _all_consume(trial)
    trial.conclude()
    assert max(seconds) < 2, f"slowest page {max(seconds):.1f} s"


def test_f10_redis_hears_nothing_for_thirty_seconds(trial: Trial):
    trial.begin(*MIXED)
    links = trial.stack.links_of("valkey")
    for link in links:
        link.toxics.is_deaf_up = True
    trial.wait(30)
    trial.bit(sum(link.toxics.hits for link in links))
    trial.stack.heal()
    trial.stack.room.reset_all(*links)

    _all_consume(trial)
    trial.conclude()


def _length(trial: Trial, queue: str) -> int:
    return int(trial.stack.redis.llen(queue))  # type: ignore[arg-type]


def _all_consume(trial: Trial) -> None:
    """I17: no worker is alive and takes nothing."""
    silent = trial.silent_workers(60)
    assert not silent, f"alive, and consuming nothing: {silent}"
