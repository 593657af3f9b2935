"""Health: what fails, what is stalled, what has become slower; and open alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from instances.alarms import end_alarm, raise_alarm
from schedules.health import Thresholds, check_schedule_health
from schedules.models import Run, Schedule, Target
from tests.makers import NOON, make_execution, make_run, make_schedule
from workflows.models import Workflow

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def ended(target: Target, state: str, ago: timedelta, **changes: object) -> Run:
    values = {
        "scheduled_for": NOON - ago,
        "created_at": NOON - ago,
        "state": state,
        "reason": "" if state == "SUCCEEDED" else "query_failed",
        "finished_at": NOON - ago,
        "exclusive": False,
    }
    if state != "SUCCEEDED":
        return make_run(target, **values | changes)
    run = make_run(target, scheduled_for=NOON - ago, exclusive=False)
    make_execution(run)
    Run.objects.filter(pk=run.pk).update(**values | changes)
    return run


# --- Failing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "succeeded", "is_failing"),
    [
        (1, 4, True),  # a fifth
        (1, 5, False),
        (3, 0, True),
        (2, 0, False),  # too few to say anything
        (0, 3, False),
    ],
)
def test_a_high_rate_of_failures(
    failed: int, succeeded: int, is_failing: bool, target: Target
):
    states = ["FAILED"] * failed + ["SUCCEEDED"] * succeeded
    for number, state in enumerate(states, start=1):
        ended(target, state, number * timedelta(hours=1))

    health = check_schedule_health(NOON)

    assert [each.schedule_id for each in health.failing] == (
        [target.schedule_id] if is_failing else []
    )
    if is_failing:
        (found,) = health.failing
        assert (found.failed, found.finished) == (failed, failed + succeeded)
        assert found.rate == failed / (failed + succeeded)
    assert health.is_healthy is not is_failing


def test_what_was_cancelled_or_skipped_neither_fails_nor_succeeds(target: Target):
    for number, state in enumerate(["FAILED", "FAILED", "CANCELLED", "SKIPPED"]):
        ended(target, state, (number + 1) * MINUTE)

    assert check_schedule_health(NOON).failing == ()


def test_failures_of_long_ago_are_forgotten(target: Target):
    for number in range(3):
        ended(target, "FAILED", 7 * DAY + (number + 1) * SECOND)

    assert check_schedule_health(NOON).failing == ()
    wider = Thresholds(failures_within=8 * DAY)
    assert len(check_schedule_health(NOON, thresholds=wider).failing) == 1


def test_the_worst_comes_first(workflow: Workflow):
    for failures in (1, 3):
        target = make_schedule(workflow).targets.get()
        for number in range(failures):
            ended(target, "FAILED", (number + 1) * MINUTE)
        for number in range(failures, 4):
            ended(target, "SUCCEEDED", (number + 1) * MINUTE)

    failing = check_schedule_health(NOON).failing

    assert [each.failed for each in failing] == [3, 1]


# --- Stalled ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "is_stalled"), [(10 * MINUTE, False), (10 * MINUTE + SECOND, True)]
)
def test_due_for_long_and_nothing_came(
    late: timedelta, is_stalled: bool, schedule: Schedule
):
    Schedule.objects.update(next_run_at=NOON - late)

    health = check_schedule_health(NOON)

    assert [each.schedule_id for each in health.stalled] == (
        [schedule.pk] if is_stalled else []
    )
    assert health.is_healthy is not is_stalled


def test_a_paused_schedule_is_not_stalled(workflow: Workflow):
    make_schedule(workflow, is_active=False, next_run_at=None, paused_at=NOON - DAY)

    assert check_schedule_health(NOON).stalled == ()


@pytest.mark.parametrize(
    ("trigger", "is_stalled"), [("schedule", False), ("manual", True)]
)
def test_a_run_by_hand_hides_nothing(trigger: str, is_stalled: bool, target: Target):
    Schedule.objects.update(next_run_at=NOON - 60 * MINUTE)
    ended(target, "FAILED", 30 * MINUTE, trigger=trigger)

    assert bool(check_schedule_health(NOON).stalled) is is_stalled


# --- Slower -----------------------------------------------------------------------


def history(target: Target, *seconds: float) -> None:
    """Runs that took so long, the newest first."""
    for number, duration in enumerate(seconds, start=1):
        ago = number * timedelta(hours=1)
        ended(
            target,
            "SUCCEEDED",
            ago,
            started_at=NOON - ago,
            finished_at=NOON - ago + duration * SECOND,
        )


@pytest.mark.parametrize(
    ("recent", "earlier", "is_slower"),
    [
        (90, 60, True),  # half as long again, and half a minute more
        (89, 60, False),
        (1_000, 700, False),
        (16, 4, False),  # too short to matter
        (34, 4, True),
        (60, 0, True),  # of nothing, anything is more
        (0, 0, False),
        (60, 90, False),
    ],
)
def test_the_last_five_took_longer(
    recent: float, earlier: float, is_slower: bool, target: Target
):
    history(target, *[recent] * 5, *[earlier] * 5)

    health = check_schedule_health(NOON)

    assert [(s.recent_seconds, s.earlier_seconds) for s in health.slower] == (
        [(recent, earlier)] if is_slower else []
    )
    assert health.is_healthy


def test_one_slow_run_is_no_trend(target: Target):
    history(target, 900, 60, 60, 60, 60, 60, 60, 60, 60, 60)

    assert check_schedule_health(NOON).slower == ()


def test_nine_runs_are_no_trend(target: Target):
    history(target, *[300] * 5, *[60] * 4)

    assert check_schedule_health(NOON).slower == ()


def test_what_is_older_than_twenty_five_runs_is_forgotten(target: Target):
    history(target, *[60] * 25, *[1] * 10)

    assert check_schedule_health(NOON).slower == ()


# --- Alarms, and all of it --------------------------------------------------------


def test_open_alarms_are_told(schedule: Schedule):
    raise_alarm("clock_skew", "amazon", {"seconds": 400}, now=NOON)
    raise_alarm("stray_execution", "amc-1", {}, now=NOON)
    end_alarm("stray_execution", "amc-1", now=NOON)

    health = check_schedule_health(NOON)

    assert [alarm.code for alarm in health.alarms] == ["clock_skew"]
    assert not health.is_healthy


def test_all_is_well(schedule: Schedule):
    health = check_schedule_health(NOON)

    assert health.is_healthy
    assert (health.failing, health.stalled, health.slower, health.alarms) == ((),) * 4


def test_only_the_schedules_asked_for_are_looked_at(
    schedule: Schedule, workflow: Workflow
):
    other = make_schedule(workflow)
    Schedule.objects.update(next_run_at=NOON - DAY)

    health = check_schedule_health(NOON, schedule_ids=[other.pk])

    assert [each.schedule_id for each in health.stalled] == [other.pk]
    assert check_schedule_health(NOON, schedule_ids=[]).stalled == ()


def test_deleted_schedules_are_not_looked_at(schedule: Schedule):
    Schedule.objects.update(
        is_active=False, next_run_at=None, paused_at=NOON, deleted_at=NOON
    )

    assert check_schedule_health(NOON).is_healthy


def test_fifty_schedules_are_checked_with_the_queries_of_five(workflow: Workflow):
    counts = []
    for number in (5, 45):
        for _ in range(number):
            target = make_schedule(workflow).targets.get()
            ended(target, "FAILED", MINUTE)
        with CaptureQueriesContext(database) as asked:
            check_schedule_health(NOON)
        counts.append(len(asked))

    assert counts[0] == counts[1]
