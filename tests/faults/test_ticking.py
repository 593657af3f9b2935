"""Faults of those who watch the clock: ticks, beats, the ticker."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from tests.faults.trial import MIXED, Trial
from tests.makers import NOON

pytestmark = pytest.mark.faults


@pytest.mark.quick
def test_f01_the_tick_is_killed_in_the_middle_of_a_claim_five_times(trial: Trial):
    trial.begin(*MIXED)
    trial.stack.points.arm("mid-claim", "kill_group", times=5)

    trial.await_bite("mid-claim", times=5, seconds=60)

    trial.conclude()


@pytest.mark.quick
def test_f02_the_tick_is_killed_between_commit_and_publish(trial: Trial):
    trial.begin({"copies": 6, "overlap_policy": "allow", "missed_policy": "all"})
    trial.stack.points.arm("claimed-unpublished", "kill_group", times=2)

    trial.await_bite("claimed-unpublished", times=2)

    trial.conclude(only_in=["SUCCEEDED"])


def test_f03_both_beats_stay_dead_and_the_ticker_goes_on(trial: Trial):
    trial.begin(*MIXED)
    trial.stack.hold_down("beat")
    trial.bit(2)

    trial.wait(20)

    assert trial.runs() > 0, "the ticker made no rows"
    trial.conclude()


def test_f04_ticker_and_one_beat_are_dead_for_thirty_seconds(trial: Trial):
    trial.begin(*MIXED)
    trial.stack.hold_down("beat-a", "ticker")
    trial.bit(2)

    trial.wait(30)

    trial.conclude()


@pytest.mark.quick
def test_f05_many_dispatchers_at_once_claim_a_thousand_schedules(trial: Trial):
    due = (NOON - timedelta(minutes=5)).isoformat()
    late = {"cron_expression": "55 11 * * *", "next_run_at": due}
    trial.begin(
        {**late, "copies": 950, "missed_policy": "none"},
        {**late, "copies": 50, "missed_policy": "all", "overlap_policy": "allow"},
        instances=30,
    )

    surroundings = trial.stack.program("by-hand")
    ticks = [
        subprocess.Popen(
            [sys.executable, "manage.py", "tick"],
            env=dict(surroundings.environ),
            cwd=trial.stack.source,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    codes = [tick.wait(60) for tick in ticks]

    assert codes == [0, 0, 0]
    trial.bit(len(ticks))
    trial.wait_until(lambda: trial.runs() >= 1_000, 30)
    assert "deadlock detected" not in trial.stack.log("postgres")
    verdict = trial.conclude()
    assert (verdict.expected, verdict.executions) == (1_000, 50)


def test_f45_ten_thousand_schedules_are_due_at_once(trial: Trial):
    due = (NOON - timedelta(minutes=5)).isoformat()
    late = {"cron_expression": "55 11 * * *", "next_run_at": due}
    runs = late | {"missed_policy": "all", "overlap_policy": "allow"}
    trial.begin(
        {**late, "account": 1, "copies": 9_850, "missed_policy": "none"},
        {**runs, "account": 1, "copies": 90},
        {**runs, "account": 2, "copies": 30},
        {**runs, "account": 3, "copies": 30},
        accounts=3,
        instances=10,
    )

    are_all_there = trial.wait_until(lambda: trial.runs() >= 10_000, 60)

    assert are_all_there, f"{trial.runs()} rows after a minute"
    trial.bit(10_000)
    trial.conclude(only_in=["SUCCEEDED", "SKIPPED missed"], quiet_seconds=180)
    first = trial.database.rows(
        "SELECT account_id FROM workflow_executions ORDER BY sending_at LIMIT 45"
    )
    shares = Counter(row["account_id"] for row in first)
    assert max(shares.values()) <= 30, f"an account got more than its share: {shares}"
