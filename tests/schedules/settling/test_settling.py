"""Runs whose execution has ended: moved once, counted once, paused in time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from schedules.invariants import breaches
from schedules.models import Run, Schedule, Target
from schedules.settling import settle
from schedules.settling.rulings import Ruling, fail_and_count, record
from schedules.settling.verdicts import Verdict
from tests.makers import NOON, make_execution, make_instance, make_run, make_target
from tests.rivals import held_elsewhere, in_threads, meanwhile
from workflows.models import WorkflowExecution

pytestmark = pytest.mark.usefixtures("invariants_hold")

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ended(
    target: Target,
    state: str = "FAILED",
    reason: str = "sql_invalid",
    *,
    hour: int = 0,
    message: str = "Line 1: no such column.",
    uses_attempt: bool = True,
    **changes,
) -> Run:
    """A RUNNING run of the slot at that hour whose execution has just ended."""
    run = make_run(target, scheduled_for=NOON + hour * HOUR, **changes)
    attempt(run, state, reason, message=message, uses_attempt=uses_attempt)
    return run


def attempt(
    run: Run,
    state: str,
    reason: str,
    *,
    message: str = "",
    uses_attempt: bool = True,
    ended_at: datetime = NOON,
) -> WorkflowExecution:
    """An execution of the run, from its opening to its end."""
    is_at_amazon = state != "NOT_SUBMITTED"
    execution = make_execution(run)
    rows = WorkflowExecution.objects.filter(pk=execution.pk)
    if state == "SUCCEEDED":
        rows.update(state="COLLECTING", sending_at=NOON, amc_execution_id=f"e{run.pk}")
    rows.update(
        state=state,
        reason="" if state == "SUCCEEDED" else reason,
        message=message,
        ended_at=ended_at,
        next_poll_at=None,
        uses_attempt=uses_attempt,
        sending_at=NOON if is_at_amazon else None,
    )
    execution.refresh_from_db()
    return execution


def retried(run: Run) -> None:
    """The run got its next attempt, which is open."""
    settle(now=NOON)
    previous = Run.objects.get(pk=run.pk).execution
    run.refresh_from_db()
    make_execution(run, attempts_used=previous.attempts_used + previous.uses_attempt)


def fail(target: Target, times: int, **changes) -> list[Run]:
    """So many failures in a row, each settled before the next."""
    runs = []
    for _ in range(times):
        hour = Run.objects.filter(target=target).count()
        runs.append(ended(target, hour=hour, **changes))
        settle(now=NOON + hour * SECOND)
    return runs


# --- R9 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("execution", "run_state", "run_reason"),
    [
        (("SUCCEEDED", ""), "SUCCEEDED", ""),
        (("FAILED", "query_failed"), "FAILED", "query_failed"),
        (("REJECTED", "rejected"), "FAILED", "rejected"),
        (("TIMED_OUT", "timed_out"), "FAILED", "timed_out"),
        (("CANCELLED", "cancelled_at_amazon"), "CANCELLED", "cancelled_at_amazon"),
        (("NOT_SUBMITTED", "not_found"), "WAITING", "retry"),
        (("NOT_SUBMITTED", "throttled"), "WAITING", "throttled"),
        (("NOT_SUBMITTED", "credential"), "WAITING", "credential"),
        (("NOT_SUBMITTED", "not_authorised"), "CANCELLED", "not_authorised"),
        (("NOT_SUBMITTED", "expired"), "FAILED", "gave_up"),
    ],
)
def test_a_run_goes_where_its_execution_says(
    target: Target, execution, run_state, run_reason
):
    run = ended(target, *execution, message="Amazon's words.")

    assert settle(now=NOON + SECOND) == 1

    run.refresh_from_db()
    assert (run.state, run.reason) == (run_state, run_reason)
    assert run.message == "Amazon's words."
    is_final = run_state != "WAITING"
    assert run.finished_at == (NOON + SECOND if is_final else None)
    assert (run.next_action_at is None) == is_final


@pytest.mark.parametrize("state", ["SUBMITTING", "PENDING", "RUNNING", "COLLECTING"])
def test_a_run_with_an_open_execution_is_left_alone(target: Target, state):
    run = make_run(target)
    execution = make_execution(run)
    WorkflowExecution.objects.filter(pk=execution.pk).update(
        state=state, sending_at=NOON, amc_execution_id="e1"
    )

    assert settle(now=NOON) == 0


def test_throttled_runs_wait_until_their_instance_may_be_asked(target: Target):
    run = ended(target, "NOT_SUBMITTED", "throttled", uses_attempt=False)
    type(target.instance).objects.update(throttled_until=NOON + 90 * SECOND)

    settle(now=NOON)

    run.refresh_from_db()
    assert run.next_action_at == NOON + 90 * SECOND


@pytest.mark.parametrize(
    ("reasons", "give_up_at"),
    [
        (["throttled", "not_found"], NOON + DAY),
        (["not_found", "throttled"], NOON + DAY),
        (["throttled", "credential"], NOON + HOUR + 30 * DAY),
    ],
)
def test_a_day_of_throttling_and_retries_is_a_day_in_all(
    target: Target, reasons, give_up_at
):
    run = make_run(target)
    attempt(run, "NOT_SUBMITTED", reasons[0], uses_attempt=False)
    settle(now=NOON)
    run.refresh_from_db()
    attempt(run, "NOT_SUBMITTED", reasons[1], uses_attempt=False)

    settle(now=NOON + HOUR)

    run.refresh_from_db()
    assert run.give_up_at == give_up_at


def test_a_run_is_tried_as_often_as_allowed(target: Target):
    run = ended(target, "NOT_SUBMITTED", "not_found", max_attempts=2)
    retried(run)
    WorkflowExecution.objects.filter(pk=run.execution_id).update(
        state="NOT_SUBMITTED",
        reason="not_found",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )

    settle(now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "amazon_unavailable")
    assert not run.counts_failure


def test_more_runs_than_fit_into_a_batch_are_all_settled(workflow, target: Target):
    targets = [
        make_target(target.schedule, make_instance(workflow.account)) for _ in range(4)
    ]
    for one in targets:
        ended(one)

    assert settle(now=NOON, limit=1) == 4


def test_a_run_that_the_database_refuses_to_move_stops_no_other(
    workflow, target: Target
):
    bad = ended(target)
    good = ended(make_target(target.schedule, make_instance(workflow.account)))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'refused'; END $$;"
            "CREATE TRIGGER refuse BEFORE UPDATE ON schedule_runs FOR EACH ROW"
            f" WHEN (OLD.id = {bad.pk}) EXECUTE FUNCTION refuse()"
        )

    assert settle(now=NOON) == 1

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("RUNNING", "FAILED")


def test_runs_without_target_are_settled_too(target: Target):
    for hour in range(3):
        ended(target, hour=hour, trigger="test", exclusive=False)
    Run.objects.update(schedule=None, target=None)

    assert settle(now=NOON) == 3


# --- guards ---------------------------------------------------------------------


def ruling_about(run: Run, verdict: Verdict) -> Ruling:
    return Ruling(
        run_id=run.pk,
        target_id=run.target_id,
        from_state=run.state,
        from_reason=run.reason,
        execution_id=run.execution_id,
        cancel_requested_at=run.cancel_requested_at,
        verdict=verdict,
    )


FAILED = Verdict(state="FAILED", reason="sql_invalid", counts_failure=True)


def test_a_late_verdict_about_the_first_attempt_does_not_touch_the_second(
    target: Target,
):
    run = ended(target, "NOT_SUBMITTED", "not_found")
    late = ruling_about(run, FAILED)
    retried(run)

    assert record([late], now=NOON) == 0

    run.refresh_from_db()
    target.refresh_from_db()
    assert run.state == "RUNNING"
    assert target.consecutive_failures == 0


def test_the_same_verdict_twice_counts_once(target: Target):
    run = ended(target)
    ruling = ruling_about(run, FAILED)

    assert record([ruling], now=NOON) == 1
    assert record([ruling], now=NOON) == 0

    target.refresh_from_db()
    assert target.consecutive_failures == 1


def test_a_late_second_success_does_not_begin_the_count_anew(target: Target):
    run = ended(target, "SUCCEEDED")
    success = ruling_about(run, Verdict(state="SUCCEEDED"))
    assert record([success], now=NOON) == 1
    ended(target, hour=1)
    settle(now=NOON + SECOND)

    assert record([success], now=NOON + 2 * SECOND) == 0

    target.refresh_from_db()
    assert target.consecutive_failures == 1


def test_a_cancel_between_look_and_write_wins(target: Target):
    run = ended(target)
    ruling = ruling_about(run, FAILED)
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=NOON, cancel_reason="Oops")

    assert record([ruling], now=NOON) == 0
    assert settle(now=NOON) == 1

    run.refresh_from_db()
    target.refresh_from_db()
    assert (run.state, run.reason) == ("CANCELLED", "cancelled")
    assert run.cancel_reason == "Oops"
    assert target.consecutive_failures == 0


def test_a_success_wins_over_a_cancel(target: Target):
    run = ended(target, "SUCCEEDED")
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=NOON)

    settle(now=NOON)

    run.refresh_from_db()
    assert run.state == "SUCCEEDED"


@pytest.mark.parametrize("paused", ["target", "schedule"])
def test_a_slot_of_something_paused_gets_no_further_attempt(target: Target, paused):
    run = ended(target, "NOT_SUBMITTED", "not_found")
    waiting = Verdict(
        state="WAITING", reason="retry", next_action_at=NOON, give_up_at=NOON + DAY
    )
    too_early = ruling_about(run, waiting)
    if paused == "target":
        Target.objects.update(paused_at=NOON, pause_reason="person")
    else:
        Schedule.objects.update(is_active=False, paused_at=NOON)

    assert record([too_early], now=NOON) == 0
    assert settle(now=NOON) == 1

    run.refresh_from_db()
    assert (run.state, run.reason) == ("CANCELLED", "target_paused")


@pytest.mark.parametrize("trigger", ["manual", "retry", "backfill", "test"])
def test_what_people_asked_for_is_tried_again_under_a_pause(target: Target, trigger):
    run = ended(target, "NOT_SUBMITTED", "not_found", trigger=trigger)
    Target.objects.update(paused_at=NOON, pause_reason="person")

    settle(now=NOON)

    run.refresh_from_db()
    assert run.reason == "retry"


@pytest.mark.django_db(transaction=True)
def test_eight_settlers_count_each_failure_once(workflow):
    Schedule.objects.update(max_failures=100)
    targets = [
        make_target(
            Schedule.objects.create(
                account=workflow.account,
                workflow=workflow,
                owner=workflow.owner,
                name=f"Schedule {number}",
                cron_expression="0 * * * *",
                window_rule={},
                max_failures=100,
                next_run_at=NOON,
                created_at=NOON - DAY,
                updated_at=NOON,
            ),
            workflow.instance,
        )
        for number in range(5)
    ]
    for one in targets:
        for hour in range(6):
            ended(one, hour=hour, exclusive=False)

    settled = in_threads(8, lambda number: settle(now=NOON + number * SECOND, limit=3))

    assert sum(settled) + settle(now=NOON + 10 * SECOND) == 30
    assert set(Target.objects.values_list("consecutive_failures", flat=True)) == {6}


@pytest.mark.django_db(transaction=True)
def test_what_a_rival_counted_is_seen_before_the_target_is_paused(target: Target):
    ended(target)

    with (
        held_elsewhere(target) as rival,
        meanwhile(lambda: settle(now=NOON)) as settling,
    ):
        rival.execute("UPDATE schedule_targets SET consecutive_failures = 4")
        rival.db.commit()

    target.refresh_from_db()
    assert settling.result() == 1
    assert (target.consecutive_failures, target.pause_reason) == (5, "failures")
    Target.objects.update(consecutive_failures=1)  # the rival's four have no runs


# --- failures in a row ----------------------------------------------------------


def test_five_failures_in_a_row_pause_the_target(target: Target):
    fail(target, 4)
    target.refresh_from_db()
    assert (target.consecutive_failures, target.paused_at) == (4, None)

    fail(target, 1)

    target.refresh_from_db()
    assert target.consecutive_failures == 5
    assert target.paused_at == NOON + 4 * SECOND
    assert target.pause_reason == "failures"
    assert target.pause_message == "Failures in a row: 5. Line 1: no such column."
    assert breaches(now=NOON + HOUR) == []


def test_the_pause_stands_in_the_change_log(target: Target):
    fail(target, 5)

    change = _newest_change(target)
    assert change.history_date == NOON + 4 * SECOND
    assert (change.history_user, change.origin) == (None, "system")
    assert change.history_change_reason.startswith("Failures in a row: 5.")
    assert change.pause_reason == "failures"


def test_a_failure_without_words_is_named_by_its_reason(target: Target):
    Schedule.objects.update(max_failures=1)
    fail(target, 1, message="")

    target.refresh_from_db()
    assert target.pause_message == "Failures in a row: 1. sql_invalid"


def test_a_paused_target_keeps_no_waiting_run_of_a_slot(target: Target):
    Schedule.objects.update(max_failures=1)
    pending = make_run(target, scheduled_for=NOON + 8 * HOUR)
    asked = ended(target, "NOT_SUBMITTED", "not_found", hour=9, exclusive=False)
    settle(now=NOON)
    by_hand = make_run(target, trigger="manual")

    ended(target, hour=10)
    settle(now=NOON + SECOND)

    for run in (pending, asked, by_hand):
        run.refresh_from_db()
    assert (pending.state, pending.reason) == ("SKIPPED", "target_paused")
    assert (asked.state, asked.reason) == ("CANCELLED", "target_paused")
    assert by_hand.state == "PENDING"
    assert breaches(now=NOON + SECOND) == []


def test_a_success_begins_the_count_anew(target: Target):
    fail(target, 4)
    ended(target, "SUCCEEDED", hour=4)
    settle(now=NOON + 4 * SECOND)
    fail(target, 1)

    target.refresh_from_db()
    assert target.consecutive_failures == 1
    assert breaches(now=NOON + HOUR) == []


def test_runs_that_ended_together_count_one_after_another(target: Target):
    for hour in range(3):
        ended(target, hour=hour, exclusive=False)
    ended(target, "SUCCEEDED", hour=3, exclusive=False)
    ended(target, hour=4, exclusive=False)

    assert settle(now=NOON) == 5

    target.refresh_from_db()
    assert target.consecutive_failures == 1
    assert breaches(now=NOON) == []


def test_runs_born_before_the_counting_began_do_not_count(target: Target):
    Target.objects.update(counting_from=NOON + SECOND)
    ended(target)
    ended(target, hour=1, exclusive=False, created_at=NOON + SECOND)

    settle(now=NOON)

    target.refresh_from_db()
    assert target.consecutive_failures == 1


def test_an_old_success_does_not_begin_the_count_anew(target: Target):
    fail(target, 2)
    ended(target, "SUCCEEDED", hour=5, created_at=target.counting_from - SECOND)

    settle(now=NOON + HOUR)

    target.refresh_from_db()
    assert target.consecutive_failures == 2


@pytest.mark.parametrize(
    ("trigger", "counted"),
    [("schedule", 1), ("retry", 1), ("manual", 0), ("backfill", 0), ("test", 0)],
)
def test_only_slots_and_their_retries_count(target: Target, trigger, counted):
    ended(target, trigger=trigger)

    settle(now=NOON)

    target.refresh_from_db()
    assert target.consecutive_failures == counted


def test_uncounted_failures_pause_nothing(target: Target):
    fail(target, 6, reason="privacy_overlap")

    target.refresh_from_db()
    assert (target.consecutive_failures, target.paused_at) == (0, None)


def test_refused_access_pauses_that_target_with_amazons_words(target: Target):
    other = make_target(target.schedule, make_instance(target.instance.account))
    ended(target, "FAILED", "access_denied", message="User may not use this instance.")
    ended(other)

    settle(now=NOON)

    target.refresh_from_db()
    other.refresh_from_db()
    assert (target.paused_at, target.pause_reason) == (NOON, "access_denied")
    assert target.pause_message == "User may not use this instance."
    assert target.consecutive_failures == 0
    assert _newest_change(target).pause_reason == "access_denied"
    assert other.paused_at is None


@pytest.mark.parametrize("reason", ["access_denied", "sql_invalid"])
def test_a_persons_pause_is_not_overwritten(target: Target, reason):
    Schedule.objects.update(max_failures=1)
    run = ended(target, "FAILED", reason)
    Target.objects.update(
        paused_at=NOON - HOUR, pause_reason="person", pause_message="Holidays"
    )

    settle(now=NOON)

    run.refresh_from_db()
    target.refresh_from_db()
    assert run.state == "FAILED"
    assert (target.paused_at, target.pause_message) == (NOON - HOUR, "Holidays")


def test_a_run_by_hand_that_is_refused_pauses_nothing(target: Target):
    ended(target, "FAILED", "access_denied", trigger="manual")

    settle(now=NOON)

    target.refresh_from_db()
    assert target.paused_at is None


def _newest_change(target: Target):
    return target.history.order_by("history_id").last()


# --- failures before Amazon was asked -------------------------------------------


@pytest.mark.parametrize(
    "place", [{}, {"state": "WAITING", "reason": "overlap", "give_up_at": NOON + DAY}]
)
def test_a_run_that_cannot_be_sent_fails_and_counts(target: Target, place):
    run = make_run(target, **place)

    with transaction.atomic():
        failed = fail_and_count(
            run, reason="window_invalid", message="No such week.", now=NOON
        )

    run.refresh_from_db()
    target.refresh_from_db()
    assert failed
    assert (run.state, run.reason, run.finished_at) == (
        "FAILED",
        "window_invalid",
        NOON,
    )
    assert run.message == "No such week."
    assert target.consecutive_failures == 1


@pytest.mark.parametrize("place", [{}, {"state": "WAITING", "reason": "overlap"}])
def test_a_run_that_moved_meanwhile_does_not_fail(target: Target, place):
    run = make_run(target, **place)
    Run.objects.filter(pk=run.pk).update(state="WAITING", reason="capacity")

    assert not fail_and_count(run, reason="window_invalid", message="", now=NOON)


def test_failures_of_both_kinds_add_up_to_a_pause(target: Target):
    Schedule.objects.update(max_failures=2)
    fail(target, 1)
    run = make_run(target, scheduled_for=NOON + 5 * HOUR)

    fail_and_count(run, reason="param_missing", message="asin?", now=NOON + HOUR)

    target.refresh_from_db()
    assert target.pause_reason == "failures"
