"""What events failed to start, the sweep finds by looking at rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.models import Connection, Instance
from schedules import sweeping
from schedules.models import Run, Schedule, Target
from schedules.sweeping import give_up, pause_idle_schedules, sweep
from tests.makers import (
    NOON,
    make_execution,
    make_instance,
    make_run,
    make_schedule,
    make_target,
)
from tests.rivals import held_elsewhere, meanwhile
from workflows.models import Workflow, WorkflowExecution

pytestmark = pytest.mark.usefixtures("invariants_hold")

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def end_execution(run: Run, state: str, reason: str) -> None:
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        state=state,
        reason=reason,
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=False,
    )


def waiting(target: Target, reason: str, *, has_asked: bool, ends=NOON) -> Run:
    run = make_run(target)
    if has_asked:
        make_execution(run)
        end_execution(run, "NOT_SUBMITTED", "credential")
        via = reason if reason != "overlap" else "credential"
        Run.objects.filter(pk=run.pk).update(
            state="WAITING", reason=via, next_action_at=NOON
        )
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason=reason, give_up_at=ends
    )
    run.refresh_from_db()
    return run


# --- R13 ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waits_for", "has_asked", "state", "reason"),
    [
        ("credential", False, "SKIPPED", "missed"),
        ("credential", True, "CANCELLED", "missed"),
        ("overlap", False, "SKIPPED", "overlap"),
        ("overlap", True, "CANCELLED", "overlap"),
        ("throttled", True, "FAILED", "gave_up"),
        ("retry", True, "FAILED", "gave_up"),
    ],
)
def test_waiting_ends(target: Target, waits_for, has_asked, state, reason):
    run = waiting(target, waits_for, has_asked=has_asked)

    assert give_up(now=NOON - SECOND) == 0
    assert give_up(now=NOON) == 1

    run.refresh_from_db()
    assert (run.state, run.reason, run.finished_at) == (state, reason, NOON)
    assert not run.counts_failure


def test_who_waits_for_a_place_waits_for_ever(target: Target):
    waiting(target, "capacity", has_asked=False, ends=None)

    assert give_up(now=NOON + 1000 * DAY) == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_moved_is_passed_over(target: Target):
    run = waiting(target, "credential", has_asked=False)

    with held_elsewhere(run):
        assert give_up(now=NOON) == 0

    assert give_up(now=NOON) == 1


# --- schedules without an unpaused target ---------------------------------------


def pause(target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(paused_at=NOON, pause_reason="failures")


@pytest.fixture
def second(target: Target) -> Target:
    return make_target(target.schedule, make_instance(target.instance.account))


def test_a_schedule_whose_targets_are_all_paused_is_paused(
    target: Target, second: Target
):
    Schedule.objects.update(next_run_at=NOON + HOUR)
    pause(target)
    assert pause_idle_schedules(now=NOON) == 0
    pause(second)

    assert pause_idle_schedules(now=NOON) == 1

    schedule = Schedule.objects.get()
    assert (schedule.is_active, schedule.paused_at) == (False, NOON)
    assert schedule.pause_cause == "no_active_target"
    assert schedule.pause_reason
    change = schedule.history.order_by("history_id").last()
    assert (change.history_user, change.origin) == (None, "system")
    assert change.history_date == NOON
    assert change.history_change_reason == schedule.pause_reason
    assert pause_idle_schedules(now=NOON) == 0


def test_a_target_that_was_removed_is_no_target(target: Target, second: Target):
    pause(target)
    Target.objects.filter(pk=second.pk).update(deleted_at=NOON)

    assert pause_idle_schedules(now=NOON) == 1


def test_slots_due_at_that_moment_get_their_rows(target: Target):
    Schedule.objects.update(next_run_at=NOON)
    pause(target)

    pause_idle_schedules(now=NOON + SECOND)

    run = Run.objects.get()
    assert (run.scheduled_for, run.state) == (NOON, "SKIPPED")
    assert run.reason == "schedule_paused"


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_somebody_edits_is_passed_over(target: Target):
    pause(target)

    with held_elsewhere(target.schedule):
        assert pause_idle_schedules(now=NOON) == 0


@pytest.mark.django_db(transaction=True)
def test_a_target_that_is_resumed_meanwhile_keeps_its_schedule_going(target: Target):
    pause(target)

    with (
        held_elsewhere(target) as rival,
        meanwhile(lambda: pause_idle_schedules(now=NOON)) as pausing,
    ):
        rival.execute("UPDATE schedule_targets SET paused_at = NULL, pause_reason = ''")
        rival.db.commit()

    assert pausing.result() == 0
    assert Schedule.objects.get().is_active


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_cannot_be_paused_stops_no_other(
    target: Target, workflow: Workflow, impatient: None
):
    pause(target)
    other = make_schedule(workflow)
    pause(other.targets.get())

    with held_elsewhere(target):
        assert pause_idle_schedules(now=NOON) == 1

    other.refresh_from_db()
    assert not other.is_active


# --- the whole sweep ------------------------------------------------------------


def test_a_sweep_of_nothing_does_nothing(target: Target, broker):
    counts = sweep(now=NOON)

    assert counts == sweeping.SweepCounts(
        settled=0,
        released=0,
        held=0,
        admitted=0,
        hinted=0,
        gave_up=0,
        paused=0,
        failed=(),
    )


def test_a_place_that_was_freed_is_filled_in_the_same_sweep(target: Target, broker):
    Instance.objects.update(max_running=1)
    first = make_run(target)
    make_execution(first)
    end_execution(first, "FAILED", "sql_invalid")
    second = make_run(
        target, trigger="manual", exclusive=False, state="WAITING", reason="capacity"
    )

    counts = sweep(now=NOON)

    second.refresh_from_db()
    assert (counts.settled, counts.admitted) == (1, 1)
    assert second.state == "RUNNING"
    assert broker.waiting() == [
        ("workflows.tasks.submit_execution", second.execution_id)
    ]


def test_what_is_released_is_hinted_in_the_same_sweep(target: Target, broker):
    run = waiting(target, "credential", has_asked=False, ends=NOON + DAY)

    counts = sweep(now=NOON)

    run.refresh_from_db()
    assert (counts.released, counts.hinted) == (1, 1)
    assert run.state == "PENDING"


def test_what_cannot_be_sent_leaves_the_queue_before_places_are_filled(
    target: Target, broker
):
    run = make_run(target, state="WAITING", reason="capacity")
    Connection.objects.update(held_at=NOON)

    counts = sweep(now=NOON)

    run.refresh_from_db()
    assert (counts.held, counts.admitted) == (1, 0)
    assert run.reason == "credential"


def test_a_step_that_fails_stops_no_other(target: Target, broker, monkeypatch):
    waiting(target, "credential", has_asked=False)
    Connection.objects.update(held_at=NOON)
    monkeypatch.setattr("schedules.queue.admission.LOCK_ACCOUNTS", "SELECT 1 / 0")

    counts = sweep(now=NOON)

    assert counts.failed == ("admit",)
    assert counts.gave_up == 1


def test_an_auto_pause_reaches_the_schedule_in_the_same_sweep(target: Target, broker):
    Schedule.objects.update(max_failures=1, next_run_at=NOON + HOUR)
    run = make_run(target)
    make_execution(run)
    end_execution(run, "FAILED", "sql_invalid")

    counts = sweep(now=NOON)

    assert (counts.settled, counts.paused) == (1, 1)
    assert not Schedule.objects.get().is_active
