"""What stands in the way of a run that wants into the queue, in order."""

from __future__ import annotations

import pytest

from schedules.queue.entering import Facts, Lack, Way, step

BAD = Lack(reason="param_missing", message="asin is missing.")


@pytest.mark.parametrize(
    ("facts", "way", "reason"),
    [
        ({}, Way.QUEUE, ""),
        ({"lack": BAD}, Way.FAIL, "param_missing"),
        ({"target_is_paused": True}, Way.SKIP, "target_paused"),
        ({"schedule_is_paused": True}, Way.SKIP, "schedule_paused"),
        ({"owner_may_run": False}, Way.SKIP, "not_authorised"),
        ({"blocked_by": 5}, Way.SKIP, "overlap"),
        ({"blocked_by": 5, "skips_overlap": False}, Way.WAIT, ""),
        ({"blocked_by": 5, "is_pending": False}, Way.WAIT, ""),
        ({"blocked_by": 5, "is_slot": False}, Way.WAIT, ""),
        ({"connection_is_usable": False}, Way.HOLD, ""),
        ({"is_slot": False, "target_is_paused": True}, Way.QUEUE, ""),
        ({"is_slot": False, "schedule_is_paused": True}, Way.QUEUE, ""),
        ({"is_slot": False, "owner_may_run": False}, Way.SKIP, "not_authorised"),
    ],
)
def test_each_obstacle_has_its_way(facts, way, reason):
    taken = step(Facts(**facts))

    assert (taken.way, taken.reason) == (way, reason)


OBSTACLES = [
    ({"lack": BAD}, "param_missing"),
    ({"target_is_paused": True}, "target_paused"),
    ({"schedule_is_paused": True}, "schedule_paused"),
    ({"owner_may_run": False}, "not_authorised"),
    ({"blocked_by": 5}, "overlap"),
    ({"connection_is_usable": False}, ""),
]


@pytest.mark.parametrize("position", range(len(OBSTACLES)))
def test_the_first_obstacle_in_the_order_is_the_one_told(position):
    facts = {}
    for obstacle, _ in OBSTACLES[position:]:
        facts |= obstacle

    assert step(Facts(**facts)).reason == OBSTACLES[position][1]


def test_a_run_that_cannot_be_sent_says_why():
    assert step(Facts(lack=BAD)).message == "asin is missing."
