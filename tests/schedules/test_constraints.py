"""What the database refuses, whoever asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from schedules.models import Run, Schedule, Target
from tests.makers import NOON, make_execution, make_run


def test_two_runs_of_one_slot_are_refused(target: Target):
    make_run(target)

    with pytest.raises(IntegrityError, match="one_run_per_slot"), transaction.atomic():
        make_run(target)


def test_two_active_exclusive_runs_of_a_target_are_refused(target: Target):
    make_execution(make_run(target))
    second = make_run(target, scheduled_for=NOON + timedelta(hours=1))

    with (
        pytest.raises(IntegrityError, match="one_active_run_per_target"),
        transaction.atomic(),
    ):
        Run.objects.filter(pk=second.pk).update(state="WAITING", reason="capacity")


def test_two_open_backfill_runs_of_a_slot_are_refused(target: Target):
    backfill = {"trigger": "backfill", "exclusive": False}
    ended = {"state": "SKIPPED", "reason": "not_authorised", "finished_at": NOON}
    make_run(target, **backfill, **ended)
    make_run(target, **backfill)

    with (
        pytest.raises(IntegrityError, match="one_open_backfill_run_per_slot"),
        transaction.atomic(),
    ):
        make_run(target, **backfill)


def test_two_runs_with_one_execution_are_refused(target: Target):
    execution = make_execution(make_run(target))
    other = make_run(target, trigger="test", exclusive=False)

    with (
        pytest.raises(IntegrityError, match="one_run_per_execution"),
        transaction.atomic(),
    ):
        Run.objects.filter(pk=other.pk).update(execution=execution)


def test_a_run_that_has_an_execution_is_not_skipped(target: Target):
    run = make_run(target)
    make_execution(run)
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason="credential", next_action_at=NOON
    )

    with (
        pytest.raises(IntegrityError, match="run_skipped_asked_nobody"),
        transaction.atomic(),
    ):
        Run.objects.filter(pk=run.pk).update(
            state="SKIPPED", reason="missed", next_action_at=None, finished_at=NOON
        )


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "WAITING", "reason": "lunch"}, "run_says_what_it_waits_for"),
        ({"next_action_at": None}, "run_waits_for_something"),
        ({"state": "FAILED", "finished_at": NOON}, "run_says_why_it_ended"),
        ({"state": "FAILED", "reason": "unknown"}, "run_final_is_finished"),
        ({"state": "RUNNING"}, "run_running_has_execution"),
        ({"cancel_requested_at": NOON}, "run_cancelled_does_not_wait"),
        (
            {"state": "WAITING", "reason": "capacity", "account": None},
            "run_without_account_stays_out",
        ),
        (
            {"state": "WAITING", "reason": "capacity", "connection": None},
            "run_without_connection_stays_out",
        ),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(target: Target, changes, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_run(target, **changes)


def test_an_active_schedule_without_next_run_is_refused(schedule: Schedule):
    schedule.next_run_at = None

    with (
        pytest.raises(IntegrityError, match="active_schedule_has_next_run"),
        transaction.atomic(),
    ):
        schedule.save()


@pytest.mark.parametrize(
    ("moves", "refused"),
    [
        ([], ("RUNNING", "")),
        ([], ("SUCCEEDED", "")),
        ([], ("WAITING", "retry")),
        ([("WAITING", "capacity")], ("WAITING", "throttled")),
        ([("WAITING", "credential")], ("WAITING", "capacity")),
        ([("WAITING", "overlap")], ("RUNNING", "")),
    ],
)
def test_an_illegal_move_of_a_run_is_refused(target: Target, moves, refused):
    run = make_run(target)
    for state, reason in moves:
        Run.objects.filter(pk=run.pk).update(state=state, reason=reason)

    with pytest.raises(IntegrityError, match="no legal move"), transaction.atomic():
        _force(run, *refused)


def _force(run: Run, state: str, reason: str) -> None:
    """Write a state with the columns that its constraints want."""
    finished = state == "SUCCEEDED"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "UPDATE schedule_runs SET state = %s, reason = %s, execution_id = %s,"
            " finished_at = %s, next_action_at = CASE WHEN %s THEN now() END"
            " WHERE id = %s",
            [
                state,
                reason,
                10**9 if state != "WAITING" else None,
                NOON if finished else None,
                state == "WAITING",
                run.pk,
            ],
        )


def test_a_final_run_stays_final(target: Target):
    run = make_run(target, state="SKIPPED", reason="missed", finished_at=NOON)

    with pytest.raises(IntegrityError, match="no legal move"), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(
            state="PENDING", reason="", finished_at=None, next_action_at=NOON
        )


def test_each_move_of_a_run_leaves_an_event(target: Target):
    run = make_run(target)

    execution = make_execution(run)

    moves = run.events.order_by("id").values_list(
        "from_state", "to_state", "reason", "execution_id"
    )
    assert list(moves) == [
        ("PENDING", "WAITING", "capacity", None),
        ("WAITING", "RUNNING", "", execution.pk),
    ]
