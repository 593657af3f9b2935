"""Faults around the one call that must not be made twice, and around the results."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.trial import MIXED, Trial

pytestmark = pytest.mark.faults

FEW = {"copies": 3, "overlap_policy": "allow", "missed_policy": "all"}


@pytest.mark.parametrize("point", ["taken-up", "claimed-for-sending", "before-post"])
def test_f21_the_submitter_is_killed_before_the_post(trial: Trial, point: str):
    trial.begin(FEW)
    trial.stack.points.arm(point, "kill", times=3)

    trial.await_bite(point, times=3)

    trial.conclude(only_in=["SUCCEEDED"])


def test_f21b_the_worker_is_killed_between_admission_and_submission(trial: Trial):
    trial.begin(FEW)
    trial.stack.points.arm("admitted-unsent", "kill_group", times=2)

    trial.await_bite("admitted-unsent", times=2)

    trial.conclude(only_in=["SUCCEEDED"])


@pytest.mark.quick
def test_f22_the_submitter_is_killed_after_amazon_answered(trial: Trial):
    trial.begin(FEW)
    trial.stack.points.arm("posted-unrecorded", "kill", times=4)

    trial.await_bite("posted-unrecorded", times=4)

    verdict = trial.conclude(only_in=["SUCCEEDED"])
    assert verdict.executions == verdict.expected, "adopted, not submitted again"


def test_f23_amazon_does_the_work_and_the_reply_is_lost(trial: Trial):
    trial.begin(FEW | {"copies": 6})
    lost = trial.amc.faults(
        "reply_lost",
        operation="createWorkflowExecution",
        probability=0.4,
        seed=trial.verdict.seed,
        reset=True,
    )
    trial.wait(25)
    trial.bit(trial.amc.hits(lost))

    verdict = trial.conclude(only_in=["SUCCEEDED"])
    assert verdict.executions == verdict.expected, "adopted, not submitted again"


def test_f24_amazon_creates_long_after_we_stopped_waiting(trial: Trial):
    trial.begin(FEW)
    slow = trial.amc.faults(
        "slow", operation="createWorkflowExecution", seconds=9.0, count=4
    )
    trial.wait_until(lambda: trial.amc.hits(slow) >= 4, 40)
    trial.bit(trial.amc.hits(slow))

    verdict = trial.conclude(only_in=["SUCCEEDED"])
    assert verdict.executions == verdict.expected, "found in time, not submitted again"


def test_f25_a_submitter_is_frozen_just_before_the_post(trial: Trial):
    trial.begin(FEW)
    trial.stack.points.arm("before-post", "stop", times=2)
    trial.await_bite("before-post", times=2)
    zombies = trial.stack.points.pids("before-post")

    # Longer than it takes to prove that Amazon has nothing, and to submit again.
    trial.wait(35)
    for zombie in zombies:
        os.kill(zombie, signal.SIGCONT)

    trial.conclude(only_in=["SUCCEEDED"])


def test_f26_the_list_is_stale_or_broken_while_an_outcome_is_unknown(trial: Trial):
    trial.begin(FEW)
    trial.stack.points.arm("posted-unrecorded", "kill", times=3)
    broken = trial.amc.faults(
        "server_error", operation="listWorkflowExecutions", probability=0.5
    )
    stale = trial.amc.faults(
        "stale_list", operation="listWorkflowExecutions", seconds=90.0
    )
    trial.await_bite("posted-unrecorded", times=3)
    trial.wait(15)
    trial.bit(min(trial.amc.hits(broken), trial.amc.hits(stale)))

    verdict = trial.conclude(only_in=["SUCCEEDED"])
    assert verdict.executions == verdict.expected, "adopted, not submitted again"


def test_f27_workers_and_their_children_are_killed_at_random(trial: Trial):
    trial.begin(*MIXED)
    for _ in range(8):
        trial.wait(2)
        name = trial.dice.choice(trial.stack.names("worker"))
        how = trial.dice.choice(["kill", "kill_group", "kill_child_of"])
        if trial.stack.children[name].is_running:
            getattr(trial.stack, how)(name)
            trial.bit(1)

    trial.conclude()


def test_f28_runs_that_kill_whoever_touches_them_hurt_no_others(trial: Trial):
    trial.begin(FEW | {"cron_expression": "1 12 * * *"})
    poisoned = trial.database.number("SELECT min(id) FROM amc_instances")
    trial.stack.points.arm("taken-up", "kill", times=99, only=poisoned)

    trial.await_bite("taken-up", times=5, seconds=90)
    trial.wait_until(lambda: trial.runs("state = 'FAILED'") == 1, 60)

    verdict = trial.conclude(only_in=["SUCCEEDED", "FAILED worker_killed"])
    assert verdict.states == {"FAILED worker_killed": 1, "SUCCEEDED": 2}


def test_f29_the_poller_is_killed_and_another_one_frozen(trial: Trial):
    trial.begin(FEW)
    trial.stack.points.arm("poll-claimed", "kill", times=3)
    trial.await_bite("poll-claimed", times=3)
    trial.stack.points.arm("poll-claimed", "stop", times=1)
    trial.await_bite("poll-claimed")
    (zombie,) = trial.stack.points.pids("poll-claimed")

    trial.wait(20)
    os.kill(zombie, signal.SIGCONT)

    trial.conclude(only_in=["SUCCEEDED"])


@pytest.mark.parametrize("point", ["mid-download", "stored-uncommitted", "collected"])
def test_f30_the_collector_is_killed(trial: Trial, point: str):
    trial.begin(FEW)
    trial.stack.points.arm(point, "kill", times=2)

    trial.await_bite(point, times=2)

    trial.conclude(only_in=["SUCCEEDED"])


def test_f30b_results_are_cut_short_and_links_expire(trial: Trial):
    trial.begin(FEW)
    faults = [
        trial.amc.faults("truncated", operation="download", probability=0.3),
        trial.amc.faults("expired_link", probability=0.3),
    ]
    trial.wait(20)
    trial.bit(min(trial.amc.hits(fault) for fault in faults))

    trial.conclude(only_in=["SUCCEEDED"])
