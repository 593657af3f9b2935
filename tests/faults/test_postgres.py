"""Faults of the database: restarts, ended sessions, commits whose reply is lost."""

from __future__ import annotations

import httpx
import pytest

from tests.faults.trial import MIXED, Trial

pytestmark = pytest.mark.faults


def test_f13_postgresql_crashes_three_times(trial: Trial):
    trial.begin(*MIXED)
    for _ in range(3):
        trial.wait(8)
        trial.stack.stop_postgres()
        trial.bit(1)
    trial.wait(5)

    trial.conclude()


def test_f14_postgresql_is_frozen_and_pages_say_so(trial: Trial):
    trial.begin(*MIXED)
    trial.wait(8)
    trial.stack.freeze("postgres")
    trial.bit(1)
    ready = httpx.get(f"{trial.stack.web_url}/healthz/ready", timeout=60)
    trial.stack.wait(10)
    trial.stack.thaw("postgres")

    assert ready.status_code == 503, ready.text
    trial.conclude()


def test_f15_all_sessions_are_ended_each_second(trial: Trial):
    trial.begin(*MIXED)
    for _ in range(30):
        trial.bit(trial.stack.end_sessions())
        trial.wait(1)

    trial.conclude()


@pytest.mark.quick
def test_f16_the_reply_to_a_commit_is_lost(trial: Trial):
    trial.begin(*MIXED)
    links = trial.stack.links_of("postgres", "worker", "ticker", "beat")
    for link in links:
        link.toxics.lose_replies_to = (b"COMMIT", b"UPDATE")
        link.toxics.probability = 0.1
        link.toxics.dice = trial.dice
    trial.wait(25)
    trial.bit(sum(link.toxics.hits for link in links))

    trial.conclude()


def test_f17_connections_fail_before_and_after_each_commit(trial: Trial):
    trial.begin(*MIXED)
    links = trial.stack.links_of("postgres", "worker", "ticker", "beat")
    for link in links:
        link.toxics.lose_replies_to = (b"COMMIT",)
        link.toxics.probability = 0.2
        link.toxics.dice = trial.dice
    for _ in range(15):
        unlucky = trial.dice.choice(links)
        unlucky.toxics.refuses = True
        trial.bit(trial.stack.room.reset_all(unlucky))
        trial.wait(2)
        unlucky.toxics.refuses = False
    trial.bit(sum(link.toxics.hits for link in links))

    trial.conclude()


def test_f18_redis_and_postgresql_are_both_away(trial: Trial):
    trial.begin(*MIXED)
    trial.wait(8)
    trial.stack.hold_down("valkey")
    trial.stack.empty_valkey()
    trial.stack.held.add("postgres")
    trial.stack.stop_postgres()
    trial.bit(2)

    trial.wait(25)

    trial.conclude()


def test_f48_one_worker_cannot_reach_postgresql(trial: Trial):
    trial.begin(*MIXED)
    names = ("worker-work-a", "worker-control-a")
    links = trial.stack.links_of("postgres", *names)
    for link in links:
        link.toxics.is_deaf_up = True
    trial.wait(30)
    trial.bit(sum(link.toxics.hits for link in links))

    trial.conclude()
