"""Executions over time: places, speed, looks. The clock is moved by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient

LONGEST_SECONDS = 4


@pytest.fixture
def slow_amc(amc: Amc) -> Amc:
    """Executions take one to four seconds of a clock that stands still."""
    amc.clock(speed=1)
    return amc


def statuses(api: AmcClient) -> Counter[str]:
    return Counter(e["status"] for e in api.list().json()["executions"])


def test_an_execution_passes_through_every_status(
    slow_amc: Amc, api: AmcClient
) -> None:
    execution_id = api.submitted()
    seen = []

    for _ in range(60):
        status = api.status(execution_id)
        if status not in seen:
            seen.append(status)
        slow_amc.advance(0.07)

    assert seen == ["PENDING", "RUNNING", "PUBLISHING", "SUCCEEDED"]


def test_at_speed_zero_it_ends_at_the_next_look(amc: Amc, api: AmcClient) -> None:
    response = api.submit()

    assert response.json()["status"] == "PENDING"
    assert amc.executions()[0]["status"] == "PENDING"
    assert api.status(response.json()["workflowExecutionId"]) == "SUCCEEDED"
    assert amc.executions()[0]["status"] == "SUCCEEDED"


def test_a_list_is_a_look_too(api: AmcClient) -> None:
    for _ in range(3):
        api.submitted()

    assert statuses(api) == {"SUCCEEDED": 3}


def test_ten_run_at_once_in_an_instance(slow_amc: Amc, api: AmcClient) -> None:
    slow_amc.faults("long_run", seconds=60)
    for _ in range(13):
        api.submitted()

    slow_amc.advance(1)
    assert statuses(api) == {"RUNNING": 10, "PENDING": 3}

    slow_amc.advance(65)
    assert statuses(api) == {"SUCCEEDED": 10, "RUNNING": 3}

    slow_amc.advance(65)
    assert statuses(api) == {"SUCCEEDED": 13}


def test_a_cancelled_one_makes_room(slow_amc: Amc, api: AmcClient) -> None:
    slow_amc.faults("long_run", seconds=600)
    ids = [api.submitted() for _ in range(11)]
    slow_amc.advance(1)

    api.cancel(ids[0])
    slow_amc.advance(1)

    assert statuses(api) == {"RUNNING": 10}
    assert api.status(ids[10]) == "RUNNING"


def test_two_hundred_run_at_once_in_an_account(slow_amc: Amc, api: AmcClient) -> None:
    slow_amc.faults("long_run", seconds=60)
    slow_amc.faults("failed")
    for number in range(1, 22):
        api.instance = f"amcsandbox{number:02d}"
        for _ in range(10):
            api.submitted()

    slow_amc.advance(1)

    now = Counter(e["status"] for e in slow_amc.executions())
    assert now == {"RUNNING": 200, "PENDING": 10}


def test_a_leap_of_the_clock_leaves_nothing_unfinished(
    slow_amc: Amc, api: AmcClient
) -> None:
    for _ in range(25):
        api.submitted()

    slow_amc.advance(3 * LONGEST_SECONDS)

    assert statuses(api) == {"SUCCEEDED": 25}


def test_times_shown_are_the_clocks_not_the_lookers(
    slow_amc: Amc, api: AmcClient
) -> None:
    execution_id = api.submitted()

    slow_amc.advance(3000)
    execution = api.get(execution_id).json()

    assert execution["lastUpdatedTime"] >= "2026-11-23T14:12:01Z"
    assert execution["lastUpdatedTime"] <= "2026-11-23T14:12:04Z"


def test_the_ledger_sees_the_same_without_being_a_look_at_speed_zero(
    slow_amc: Amc, api: AmcClient
) -> None:
    slow_amc.faults("failed")
    api.submitted()

    slow_amc.advance(LONGEST_SECONDS)

    assert slow_amc.executions()[0]["status"] == "FAILED"


def test_the_order_of_the_queue_is_that_of_creation(
    slow_amc: Amc, api: AmcClient
) -> None:
    slow_amc.faults("long_run", seconds=60)
    ids = []
    for _ in range(12):
        ids.append(api.submitted())
        slow_amc.advance(1)

    waiting = [i for i in ids if api.status(i) == "PENDING"]

    assert waiting == ids[10:]


def test_the_clock_can_be_set_back(slow_amc: Amc, api: AmcClient) -> None:
    slow_amc.advance(3600)
    api.sign_in("Atzr|sandbox")
    api.submitted()
    assert statuses(api) == {"PENDING": 1}

    slow_amc.advance(-3600)
    api.sign_in("Atzr|sandbox")
    later = api.submitted()
    slow_amc.advance(LONGEST_SECONDS)

    assert api.status(later) == "SUCCEEDED"
    assert statuses(api) == {"PENDING": 1, "SUCCEEDED": 1}
