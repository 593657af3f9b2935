"""What a run is born with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schedules.claiming.births import newborn
from schedules.models import Run, Schedule, Target
from tests.makers import NOON
from workflows.windows import Window

LATE_EVENING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # the 23rd in New York


def born(target: Target, **changes: Any) -> Run:
    """A run of a slot at NOON, claimed five seconds later."""
    schedule = target.schedule
    values: dict[str, Any] = {
        "schedule": schedule,
        "target": target,
        "version_id": schedule.workflow.version_id,
        "connection_id": None,
        "account_id": target.instance.account_id,
        "trigger": "schedule",
        "scheduled_for": NOON,
        "now": NOON + timedelta(seconds=5),
    }
    return newborn(**values | changes)


def test_a_run_carries_all_that_its_attempts_need(target: Target):
    schedule = target.schedule
    schedule.revision, schedule.max_attempts, schedule.time_limit_seconds = 4, 2, 1_800

    run = born(target)
    run.save()

    run.refresh_from_db()
    assert run.schedule_id == schedule.pk
    assert run.target_id == target.pk
    assert run.schedule_revision == 4
    assert run.workflow_version_id == schedule.workflow.version_id
    assert run.instance_id == target.instance_id
    assert run.account_id == target.instance.account_id
    assert run.owner_id == schedule.owner_id
    assert (run.max_attempts, run.time_limit_seconds) == (2, 1_800)
    assert run.window_start == date(2026, 11, 14)
    assert run.window_end == date(2026, 11, 21)
    assert run.window_timezone == "UTC"
    assert run.created_at == NOON + timedelta(seconds=5)


def test_values_are_merged_from_the_workflow_up_to_the_run(target: Target):
    schedule = target.schedule
    schedule.workflow.parameter_values = {"a": "w", "b": "w", "c": "w", "d": "w"}
    schedule.parameter_values = {"b": "s", "c": "s", "d": "s"}
    target.parameter_values = {"c": "t", "d": "t"}

    run = born(target, values={"d": "r"})

    assert run.parameter_values == {"a": "w", "b": "s", "c": "t", "d": "r"}


def test_expressions_become_dates_of_the_run(target: Target):
    target.schedule.parameter_values = {
        "since": {"expr": "window.start"},
        "today": {"expr": "slot.date + 1 day"},
    }

    run = born(target)

    assert run.parameter_values == {"since": "2026-11-14", "today": "2026-11-24"}


def test_a_zone_that_nobody_knows_is_said_also_where_the_window_is_given(
    target: Target,
):
    window = Window(date(2026, 11, 1), date(2026, 11, 2))

    run = born(target, window=window, zone="Mars/Olympus")

    assert "Mars/Olympus" in run.message
    assert run.window_start == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("of_target", "of_instance", "expected"),
    [
        ("Europe/Berlin", "America/New_York", "Europe/Berlin"),
        ("", "America/New_York", "America/New_York"),
        ("", "", "Asia/Tokyo"),
    ],
)
def test_dates_are_those_of_the_target_else_of_its_instance_else_of_the_schedule(
    target: Target, of_target, of_instance, expected
):
    target.timezone, target.instance.timezone = of_target, of_instance
    target.schedule.timezone = "Asia/Tokyo"

    assert born(target).window_timezone == expected


def test_a_window_ends_by_the_local_date_of_the_slot(target: Target):
    target.timezone = "America/New_York"

    run = born(target, scheduled_for=LATE_EVENING)

    assert run.window_end == date(2026, 11, 21)


def test_a_run_may_bring_its_own_window_and_zone(target: Target):
    window = Window(date(2026, 1, 5), date(2026, 1, 12))

    run = born(target, window=window, zone="Europe/Paris")

    assert (run.window_start, run.window_end) == (window.start, window.end)
    assert run.window_timezone == "Europe/Paris"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window_rule", {"kind": "last_days", "days": 0}),
        ("window_rule", {"kind": "fixed", "start": "2020-01-01", "end": "2020-02-01"}),
        ("timezone", "Mars/Olympus"),
    ],
)
def test_a_window_that_cannot_be_resolved_stays_empty_and_says_why(
    target: Target, field, value
):
    schedule = target.schedule
    schedule.parameter_values = {"since": {"expr": "window.start"}}
    setattr(schedule, field, value)

    run = born(target)

    assert (run.window_start, run.window_end) == (None, None)
    assert run.parameter_values == {"since": {"expr": "window.start"}}
    assert run.message


def test_values_that_cannot_be_evaluated_stay_as_they_are_written(target: Target):
    target.schedule.parameter_values = {"since": {"expr": "window.middle"}}

    run = born(target)

    assert run.parameter_values == {"since": {"expr": "window.middle"}}
    assert run.window_start == date(2026, 11, 14)
    assert "since" in run.message


@pytest.mark.parametrize(
    ("trigger", "state", "reason", "looked_at_after", "is_finished"),
    [
        ("schedule", "PENDING", "", timedelta(seconds=60), False),
        ("manual", "PENDING", "", timedelta(0), False),
        ("retry", "PENDING", "", timedelta(0), False),
        ("backfill", "PENDING", "", timedelta(0), False),
        ("schedule", "WAITING", "overlap", timedelta(seconds=30), False),
        ("schedule", "SKIPPED", "missed", None, True),
    ],
)
def test_a_run_says_when_it_is_looked_at_again(
    target: Target, trigger, state, reason, looked_at_after, is_finished
):
    now = NOON + timedelta(seconds=5)

    run = born(target, trigger=trigger, state=state, reason=reason, now=now)
    run.save()

    expected = None if looked_at_after is None else now + looked_at_after
    assert run.next_action_at == expected
    assert run.finished_at == (now if is_finished else None)


@pytest.mark.parametrize(
    ("trigger", "overlap_policy", "exclusive", "priority"),
    [
        ("schedule", "skip", True, 0),
        ("schedule", "wait", True, 0),
        ("schedule", "allow", False, 0),
        ("manual", "skip", True, 0),
        ("manual", "allow", False, 0),
        ("retry", "wait", True, 0),
        ("backfill", "skip", False, 1),
        ("test", "skip", False, 0),
    ],
)
def test_only_runs_that_mind_overlap_are_exclusive(
    target: Target, trigger, overlap_policy, exclusive, priority
):
    target.schedule.overlap_policy = overlap_policy

    run = born(target, trigger=trigger)

    assert (run.exclusive, run.priority) == (exclusive, priority)


def test_a_birth_asks_the_database_nothing(
    schedule: Schedule, target: Target, django_assert_num_queries
):
    target = Target.objects.select_related("instance", "schedule__workflow").get()

    with django_assert_num_queries(0):
        born(target)
