"""New zone data move where schedules go on, never into the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from instances.heartbeats import beat
from instances.models import Heartbeat
from instances.zones import tzdata_version
from schedules.models import Run, Schedule
from schedules.recalculation import NAME, recalculate, recalculate_if_new
from tests.makers import NOON, make_schedule
from workflows.models import Workflow

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OLDER, NEWER = "2019a", "9999z"


def stale(workflow: Workflow, **columns: Any) -> Schedule:
    """Daily at nine in New York, which is 14:00 UTC; last worked out as 13:00."""
    values = {
        "cron_expression": "0 9 * * *",
        "timezone": "America/New_York",
        "next_run_at": NOON + HOUR,
    }
    return make_schedule(workflow, **values | columns)


def next_run(schedule: Schedule) -> Any:
    schedule.refresh_from_db()
    return schedule.next_run_at


def test_a_schedule_goes_on_by_the_new_data(workflow: Workflow):
    schedule = stale(workflow)
    beat(NAME, now=NOON - DAY, version=OLDER)

    assert recalculate_if_new(now=NOON) == 1

    assert next_run(schedule) == NOON + 2 * HOUR
    assert Heartbeat.objects.get(name=NAME).facts == {"version": tzdata_version()}


def test_it_never_goes_into_the_past(workflow: Workflow):
    schedule = stale(workflow, next_run_at=NOON + 4 * HOUR)

    recalculate(now=NOON + 3 * HOUR)

    assert next_run(schedule) == NOON + DAY + 2 * HOUR


def test_a_schedule_that_is_right_stays(workflow: Workflow):
    stale(workflow, next_run_at=NOON + 2 * HOUR)

    assert recalculate(now=NOON) == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"next_run_at": NOON},
        {"is_active": False, "paused_at": NOON},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_what_is_due_paused_or_unreadable_is_left_alone(workflow: Workflow, columns):
    schedule = stale(workflow, **columns)
    before = schedule.next_run_at

    assert recalculate(now=NOON) == 0

    assert next_run(schedule) == before
    assert not Run.objects.exists()


def test_more_schedules_than_one_batch_takes_all_move(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("schedules.recalculation.BATCH", 2)
    schedules = [stale(workflow) for _ in range(5)]

    assert recalculate(now=NOON) == 5

    assert {next_run(schedule) for schedule in schedules} == {NOON + 2 * HOUR}


@pytest.mark.parametrize(
    ("version", "stored_before", "moved"),
    [
        (None, None, 1),
        (OLDER, timedelta(0), 1),
        (NEWER, timedelta(minutes=9), 0),  # another process has newer data
        (NEWER, timedelta(minutes=11), 1),  # and is gone: a rollback
    ],
)
def test_old_and_new_processes_do_not_take_turns(
    workflow: Workflow, version, stored_before, moved
):
    stale(workflow)
    if version:
        beat(NAME, now=NOON - stored_before, version=version)

    assert recalculate_if_new(now=NOON) == moved


def test_the_same_data_cost_one_query(workflow: Workflow, django_assert_num_queries):
    stale(workflow)
    beat(NAME, now=NOON - DAY, version=tzdata_version())

    with django_assert_num_queries(1):
        assert recalculate_if_new(now=NOON) == 0
