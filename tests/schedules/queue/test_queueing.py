"""One step of a run: into the queue, or out of the way, and places filled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from instances.models import Connection, Instance, LwaApplication, Membership, User
from schedules.models import Run, Schedule, Target
from schedules.queue.queueing import execute_run
from tests.makers import NOON, make_execution, make_run
from tests.rivals import held_elsewhere, in_threads
from workflows.models import WorkflowExecution, WorkflowVersion

pytestmark = pytest.mark.usefixtures("invariants_hold")

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ended_attempt(run: Run) -> None:
    """The run has asked Amazon once, in vain, and was released from a hold."""
    make_execution(
        run,
        state="NOT_SUBMITTED",
        reason="credential",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=False,
    )
    for place in ({"state": "WAITING", "reason": "credential"}, {"state": "PENDING"}):
        Run.objects.filter(pk=run.pk).update(
            **{"reason": "", "next_action_at": NOON} | place
        )
    run.refresh_from_db()


def no_place() -> None:
    Instance.objects.update(max_running=0)


# --- R3 and R8: the way in ------------------------------------------------------


def test_a_run_whose_time_has_come_gets_its_execution(target: Target):
    run = make_run(target)

    opened = execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.state == "RUNNING"
    assert opened == [run.execution_id]


def test_a_second_message_finds_nothing_to_do(target: Target):
    run = make_run(target)
    execute_run(run.pk, now=NOON)

    assert execute_run(run.pk, now=NOON + SECOND) == []
    assert WorkflowExecution.objects.count() == 1


@pytest.mark.parametrize(
    ("trigger", "turn"),
    [("schedule", NOON - HOUR), ("manual", NOON - MINUTE), ("retry", NOON - MINUTE)],
)
def test_a_run_without_a_place_stands_in_the_queue(target: Target, trigger, turn):
    no_place()
    run = make_run(
        target,
        trigger=trigger,
        scheduled_for=NOON - HOUR,
        created_at=NOON - MINUTE,
        give_up_at=NOON + DAY,
    )

    assert execute_run(run.pk, now=NOON) == []

    run.refresh_from_db()
    assert (run.state, run.reason) == ("WAITING", "capacity")
    assert (run.next_action_at, run.give_up_at) == (turn, None)


def test_a_place_that_came_free_is_taken_at_the_next_look(target: Target):
    no_place()
    run = make_run(target)
    execute_run(run.pk, now=NOON)
    Instance.objects.update(max_running=1)

    assert len(execute_run(run.pk, now=NOON + MINUTE)) == 1


def test_the_runs_own_execution_comes_first(target: Target):
    older = make_run(
        target,
        trigger="manual",
        exclusive=False,
        state="WAITING",
        reason="capacity",
        next_action_at=NOON - HOUR,
    )
    run = make_run(target)

    opened = execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    older.refresh_from_db()
    assert opened == [run.execution_id, older.execution_id]


def test_a_run_that_does_not_exist_is_no_error(target: Target):
    assert execute_run(10**9, now=NOON) == []


# --- R4: ends -------------------------------------------------------------------


def test_a_run_without_account_fails_and_counts(target: Target):
    run = make_run(target, account=None)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    target.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "account_missing")
    assert "no AMC account" in run.message
    assert run.finished_at == NOON
    assert run.counts_failure
    assert target.consecutive_failures == 1


def test_a_run_without_window_says_what_is_wrong_with_the_rule(target: Target):
    Schedule.objects.update(
        window_rule={"kind": "fixed", "start": "2020-01-01", "end": "2020-02-01"}
    )
    run = make_run(target, window_start=None, window_end=None)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "window_invalid")
    assert "13" in run.message
    assert run.counts_failure


def test_a_window_missing_under_a_rule_mended_since_still_fails(target: Target):
    run = make_run(target, window_start=None, window_end=None)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "window_invalid")
    assert run.message


def test_a_zone_that_is_no_longer_known_fails_the_run(target: Target):
    run = make_run(target, window_timezone="Mars/Olympus")

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", "window_invalid")
    assert "Mars/Olympus" in run.message


ASIN = [{"name": "asin", "dataType": "STRING"}]


@pytest.mark.parametrize(
    ("values", "reason"), [({}, "param_missing"), ({"asin": [1]}, "param_invalid")]
)
def test_a_run_whose_values_do_not_fit_fails_and_counts(
    workflow, target: Target, values, reason
):
    version = WorkflowVersion.objects.create(
        workflow=workflow, number=2, sql="SELECT 1", parameters=ASIN, created_at=NOON
    )
    run = make_run(target, workflow_version=version, parameter_values=values)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("FAILED", reason)
    assert "asin" in run.message
    assert run.counts_failure


def pause_target(target: Target) -> None:
    Target.objects.update(paused_at=NOON, pause_reason="person")


def delete_target(target: Target) -> None:
    Target.objects.update(deleted_at=NOON)


def pause_schedule(target: Target) -> None:
    Schedule.objects.update(is_active=False, paused_at=NOON)


def demote_owner(target: Target) -> None:
    Membership.objects.update(role="viewer")


def deactivate_owner(target: Target) -> None:
    User.objects.update(is_active=False)


FOR_SLOTS = [
    (pause_target, "target_paused"),
    (delete_target, "target_paused"),
    (pause_schedule, "schedule_paused"),
]
FOR_ALL = [(demote_owner, "not_authorised"), (deactivate_owner, "not_authorised")]


@pytest.mark.parametrize(("cause", "reason"), FOR_SLOTS + FOR_ALL)
@pytest.mark.parametrize("has_asked", [False, True])
def test_a_slot_that_shall_not_run_ends(target: Target, cause, reason, has_asked):
    run = make_run(target)
    if has_asked:
        ended_attempt(run)
    cause(target)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.state == ("CANCELLED" if has_asked else "SKIPPED")
    assert (run.reason, run.finished_at) == (reason, NOON)


@pytest.mark.parametrize(("cause", "_reason"), FOR_SLOTS)
@pytest.mark.parametrize("trigger", ["manual", "retry", "backfill", "test"])
def test_a_pause_does_not_stop_what_people_ask_for(
    target: Target, cause, _reason, trigger
):
    run = make_run(target, trigger=trigger)
    cause(target)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.state == "RUNNING"


@pytest.mark.parametrize(("cause", "reason"), FOR_ALL)
def test_an_owner_without_the_right_runs_nothing(target: Target, cause, reason):
    run = make_run(target, trigger="manual")
    cause(target)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("SKIPPED", reason)


# --- R4 and R5: other runs of the target ----------------------------------------


def active(target: Target) -> Run:
    run = make_run(target, scheduled_for=NOON + HOUR)
    make_execution(run)
    return run


def queueing(target: Target) -> Run:
    return make_run(
        target, scheduled_for=NOON + HOUR, state="WAITING", reason="capacity"
    )


def older(target: Target) -> Run:
    return make_run(target, scheduled_for=NOON - HOUR)


def older_waiting(target: Target) -> Run:
    return make_run(
        target,
        scheduled_for=NOON - HOUR,
        state="WAITING",
        reason="overlap",
        give_up_at=NOON + HOUR,
    )


def newer(target: Target) -> Run:
    return make_run(target, scheduled_for=NOON + HOUR)


def beside(target: Target) -> Run:
    run = make_run(target, scheduled_for=NOON - HOUR, exclusive=False)
    make_execution(run)
    return run


def held(target: Target) -> Run:
    return make_run(
        target,
        scheduled_for=NOON - HOUR,
        state="WAITING",
        reason="credential",
        give_up_at=NOON + DAY,
    )


@pytest.mark.parametrize("blocker", [active, queueing, older, older_waiting])
def test_a_slot_gives_way_to_a_run_that_comes_first(target: Target, blocker):
    first = blocker(target)
    run = make_run(target)

    assert execute_run(run.pk, now=NOON) == []

    run.refresh_from_db()
    assert (run.state, run.reason) == ("SKIPPED", "overlap")
    assert run.blocked_by_id == first.pk


@pytest.mark.parametrize("other", [newer, beside, held])
def test_other_runs_are_no_blockers(target: Target, other):
    other(target)
    run = make_run(target)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.state == "RUNNING"


def test_a_run_that_is_not_exclusive_has_no_blocker(target: Target):
    active(target)
    run = make_run(target, exclusive=False)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.state == "RUNNING"


def test_the_active_one_of_two_blockers_is_named(target: Target):
    older(target)
    second = active(target)
    run = make_run(target)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.blocked_by_id == second.pk


@pytest.mark.parametrize(
    ("policy", "changes", "ends"),
    [
        ("wait", {}, NOON + 2 * HOUR),
        ("wait", {"trigger": "manual"}, NOON + DAY),
        ("skip", {"trigger": "manual"}, NOON + DAY),
        ("skip", {"state": "WAITING", "reason": "overlap"}, NOON + 2 * HOUR),
        ("wait", {"give_up_at": NOON + MINUTE}, NOON + MINUTE),
    ],
)
def test_a_run_that_may_wait_looks_again_in_half_a_minute(
    target: Target, policy, changes, ends
):
    Schedule.objects.update(overlap_policy=policy, next_run_at=NOON + 2 * HOUR)
    first = active(target)
    run = make_run(target, **changes)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == ("WAITING", "overlap")
    assert run.next_action_at == NOON + 30 * SECOND
    assert run.give_up_at == ends
    assert run.blocked_by_id == first.pk


def test_the_end_of_waiting_is_said_once(target: Target):
    Schedule.objects.update(overlap_policy="wait", next_run_at=NOON + HOUR)
    active(target)
    run = make_run(target)
    execute_run(run.pk, now=NOON)
    Schedule.objects.update(next_run_at=NOON + 5 * HOUR)

    execute_run(run.pk, now=NOON + MINUTE)

    run.refresh_from_db()
    assert run.give_up_at == NOON + HOUR
    assert run.next_action_at == NOON + 90 * SECOND


def test_a_run_goes_on_when_the_one_before_it_has_ended(target: Target):
    Schedule.objects.update(overlap_policy="wait")
    first = older(target)
    run = make_run(target)
    execute_run(run.pk, now=NOON)
    Run.objects.filter(pk=first.pk).update(
        state="SKIPPED", reason="missed", next_action_at=None, finished_at=NOON
    )

    execute_run(run.pk, now=NOON + MINUTE)

    run.refresh_from_db()
    assert run.state == "RUNNING"
    assert run.give_up_at is None


# --- R6 -------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["none", "held", "deleted", "application"])
@pytest.mark.parametrize("place", [{}, {"state": "WAITING", "reason": "overlap"}])
def test_a_run_without_usable_connection_waits_for_it(target: Target, cause, place):
    run = make_run(target, **place)
    match cause:
        case "none":
            Run.objects.update(connection=None)
        case "held":
            Connection.objects.update(held_at=NOON)
        case "deleted":
            Connection.objects.update(deleted_at=NOON)
        case "application":
            LwaApplication.objects.update_or_create(id=1, defaults={"held_at": NOON})

    assert execute_run(run.pk, now=NOON) == []

    run.refresh_from_db()
    assert (run.state, run.reason) == ("WAITING", "credential")
    assert (run.next_action_at, run.give_up_at) == (NOON, NOON + 30 * DAY)


def test_a_blocked_run_waits_for_the_other_before_the_credential(target: Target):
    Schedule.objects.update(overlap_policy="wait", next_run_at=NOON + HOUR)
    active(target)
    run = make_run(target)
    Connection.objects.update(held_at=NOON)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert run.reason == "overlap"


# --- others at the same time ----------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        {"state": "WAITING", "reason": "credential", "give_up_at": NOON + DAY},
        {"state": "SKIPPED", "reason": "missed", "finished_at": NOON},
        {"state": "CANCELLED", "reason": "cancelled", "finished_at": NOON},
    ],
)
def test_a_run_that_is_elsewhere_is_left_alone(target: Target, place):
    run = make_run(target, **place)

    execute_run(run.pk, now=NOON)

    run.refresh_from_db()
    assert (run.state, run.reason) == (place["state"], place["reason"])


@pytest.mark.django_db(transaction=True)
def test_nothing_is_looked_at_before_the_target_is_locked(target: Target):
    run = make_run(target)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")

    with held_elsewhere(target), pytest.raises(OperationalError, match="lock timeout"):
        execute_run(run.pk, now=NOON)

    connection.close()
    run.refresh_from_db()
    assert run.state == "PENDING"


@pytest.mark.django_db(transaction=True)
def test_eight_workers_open_one_execution_for_a_run(target: Target):
    run = make_run(target)

    opened = in_threads(8, lambda _: execute_run(run.pk, now=NOON))

    assert sum(len(ids) for ids in opened) <= 1
    assert WorkflowExecution.objects.count() <= 1
    execute_run(run.pk, now=NOON + MINUTE)
    assert WorkflowExecution.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_runs_of_a_target_one_enters(target: Target):
    Schedule.objects.update(overlap_policy="wait", next_run_at=NOON + HOUR)
    runs = [
        make_run(target, scheduled_for=NOON - number * MINUTE) for number in range(8)
    ]

    in_threads(8, lambda number: execute_run(runs[number].pk, now=NOON))

    active_ones = Run.objects.filter(reason__in=["", "capacity"]).exclude(
        state="PENDING"
    )
    assert active_ones.count() <= 1
    oldest = runs[-1]
    execute_run(oldest.pk, now=NOON + MINUTE)
    oldest.refresh_from_db()
    assert oldest.state == "RUNNING"
