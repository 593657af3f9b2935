"""Due slots get their rows, once, in the transaction that moves the schedule on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from instances.models import Connection, Instance, User
from schedules.claiming import claims
from schedules.claiming.claims import claim, claim_leftovers
from schedules.models import Run, Schedule, Target
from schedules.pausing import pause_target
from schedules.settling import settle
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_execution,
    make_instance,
    make_run,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.rivals import held_elsewhere, meanwhile, open_transaction
from workflows.models import Workflow, WorkflowVersion

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
JUST_AFTER_NOON = NOON + 5 * SECOND

pytestmark = pytest.mark.usefixtures("invariants_hold")


def told(target: Target) -> list[tuple[datetime, str, str]]:
    """Slot, state and reason of the target's runs of slots."""
    runs = Run.objects.filter(target=target, trigger="schedule")
    rows = runs.order_by("scheduled_for")
    return list(rows.values_list("scheduled_for", "state", "reason"))


def set_schedule(schedule: Schedule, **columns: Any) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(**columns)
    schedule.refresh_from_db()


# --- A claim ----------------------------------------------------------------------


def test_a_due_slot_becomes_one_run_and_the_schedule_moves_on(target: Target):
    schedule = target.schedule

    claimed = claim([schedule.pk], now=JUST_AFTER_NOON)

    run = Run.objects.get()
    assert claimed.run_ids_pending == (run.pk,)
    assert (claimed.runs, claimed.schedules) == (1, 1)
    assert told(target) == [(NOON, "PENDING", "")]
    assert run.next_action_at == JUST_AFTER_NOON + MINUTE
    schedule.refresh_from_db()
    assert schedule.next_run_at == NOON + HOUR


def test_claiming_again_finds_nothing(schedule: Schedule):
    claim([schedule.pk], now=JUST_AFTER_NOON)

    again = claim([schedule.pk], now=JUST_AFTER_NOON)

    assert (again.runs, again.schedules) == (0, 0)
    assert Run.objects.count() == 1


def test_every_target_gets_its_own_row(schedule: Schedule, instance: Instance):
    second = make_target(schedule, make_instance(instance.account))
    paused = make_target(
        schedule,
        make_instance(instance.account),
        paused_at=NOON,
        pause_reason="person",
    )
    deleted = make_target(schedule, make_instance(instance.account), deleted_at=NOON)

    claim([schedule.pk], now=JUST_AFTER_NOON)

    assert told(second) == [(NOON, "PENDING", "")]
    assert told(paused) == [(NOON, "SKIPPED", "target_paused")]
    assert told(deleted) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"next_run_at": NOON + MINUTE},
        {"is_active": False, "paused_at": NOON, "next_run_at": None},
        {"is_active": False, "paused_at": NOON},
    ],
)
def test_what_is_not_due_or_paused_gets_no_row(schedule: Schedule, columns):
    set_schedule(schedule, **columns)

    claimed = claim([schedule.pk], now=JUST_AFTER_NOON)

    assert claimed.schedules == 0
    assert not Run.objects.exists()


def test_a_slot_that_has_a_row_already_gets_no_second_one(target: Target):
    make_run(target)

    claimed = claim([target.schedule_id], now=JUST_AFTER_NOON)

    assert (claimed.runs, claimed.run_ids_pending) == (0, ())
    assert Run.objects.count() == 1
    assert Schedule.objects.get().next_run_at == NOON + HOUR


def test_a_schedule_without_targets_moves_on(schedule: Schedule):
    schedule.targets.update(deleted_at=NOON)

    claimed = claim([schedule.pk], now=JUST_AFTER_NOON)

    assert (claimed.runs, claimed.schedules) == (0, 1)
    assert Schedule.objects.get().next_run_at == NOON + HOUR


# --- What it knows of its targets -------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ({"state": "PENDING"}, "SKIPPED"),
        ({"state": "WAITING", "reason": "overlap", "give_up_at": NOON}, "SKIPPED"),
        ({"state": "WAITING", "reason": "capacity"}, "SKIPPED"),
        ({"state": "WAITING", "reason": "credential"}, "PENDING"),
        ({"state": "FAILED", "reason": "unknown", "finished_at": NOON}, "PENDING"),
        ({"state": "PENDING", "exclusive": False}, "PENDING"),
        ({"state": "PENDING", "trigger": "retry"}, "SKIPPED"),
        ({"state": "PENDING", "trigger": "test", "exclusive": False}, "PENDING"),
    ],
)
def test_an_exclusive_run_under_way_keeps_its_target_busy(
    target: Target, earlier, expected
):
    blocker = make_run(target, scheduled_for=NOON - HOUR, **earlier)

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    run = Run.objects.get(scheduled_for=NOON)
    assert run.state == expected
    assert run.blocked_by_id == (blocker.pk if expected == "SKIPPED" else None)


def test_a_busy_target_does_not_hold_up_the_others(
    schedule: Schedule, target: Target, instance: Instance
):
    free = make_target(schedule, make_instance(instance.account))
    make_run(target, scheduled_for=NOON - HOUR)

    claim([schedule.pk], now=JUST_AFTER_NOON)

    assert told(target)[-1] == (NOON, "SKIPPED", "overlap")
    assert told(free) == [(NOON, "PENDING", "")]


@pytest.mark.parametrize(
    ("manual", "expected"),
    [
        ({}, ("SKIPPED", "duplicate")),
        ({"state": "WAITING", "reason": "capacity"}, ("SKIPPED", "duplicate")),
        (
            {"state": "FAILED", "reason": "unknown", "finished_at": NOON},
            ("PENDING", ""),
        ),
        (
            {"state": "CANCELLED", "reason": "cancelled", "finished_at": NOON},
            ("PENDING", ""),
        ),
        ({"created_at": NOON - 6 * MINUTE}, ("SKIPPED", "overlap")),
        ({"trigger": "retry"}, ("SKIPPED", "overlap")),
        ({"trigger": "test", "exclusive": False}, ("PENDING", "")),
    ],
)
def test_a_run_by_hand_shortly_before_makes_the_slot_a_duplicate(
    target: Target, manual, expected
):
    values: dict[str, Any] = {
        "trigger": "manual",
        "created_at": NOON - 2 * MINUTE,
        "scheduled_for": NOON - 2 * MINUTE,
    }
    by_hand = make_run(target, **values | manual)

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    run = Run.objects.get(scheduled_for=NOON)
    assert (run.state, run.reason) == expected
    assert run.state == "PENDING" or run.blocked_by_id == by_hand.pk


def test_one_rules_slots_never_block_each_other_as_duplicates(target: Target):
    set_schedule(target.schedule, cron_expression="* * * * *", overlap_policy="allow")
    for minute in range(3):
        claim([target.schedule_id], now=NOON + minute * MINUTE + SECOND)

    assert [state for _, state, _ in told(target)] == ["PENDING"] * 3


def test_a_waiting_slot_gives_up_at_the_next_one(target: Target):
    set_schedule(target.schedule, overlap_policy="wait")
    blocker = make_run(target, scheduled_for=NOON - HOUR)

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    run = Run.objects.get(scheduled_for=NOON)
    assert (run.state, run.reason, run.blocked_by_id) == (
        "WAITING",
        "overlap",
        blocker.pk,
    )
    assert run.give_up_at == NOON + HOUR
    assert run.next_action_at == JUST_AFTER_NOON + 30 * SECOND


# --- After an outage --------------------------------------------------------------


def test_caught_up_runs_point_to_the_one_before_them(target: Target):
    set_schedule(
        target.schedule,
        missed_policy="all",
        overlap_policy="allow",
        next_run_at=NOON - 2 * HOUR,
    )

    claimed = claim([target.schedule_id], now=JUST_AFTER_NOON)

    first, second, third = Run.objects.order_by("scheduled_for")
    assert claimed.run_ids_pending == (first.pk,)
    assert [first.state, second.state, third.state] == ["PENDING", "WAITING", "WAITING"]
    assert (second.blocked_by_id, third.blocked_by_id) == (first.pk, second.pk)
    assert all(run.exclusive for run in (first, second, third))
    assert third.give_up_at == JUST_AFTER_NOON + 24 * HOUR


def test_a_caught_up_run_does_not_point_to_a_row_that_was_there_before(target: Target):
    set_schedule(target.schedule, missed_policy="all", next_run_at=NOON - HOUR)
    make_run(
        target,
        scheduled_for=NOON - HOUR,
        state="SKIPPED",
        reason="missed",
        finished_at=NOON,
    )

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    run = Run.objects.get(scheduled_for=NOON)
    assert (run.state, run.blocked_by) == ("WAITING", None)


def test_after_a_long_outage_one_row_stands_for_the_oldest(target: Target):
    began = NOON - timedelta(days=30)
    set_schedule(target.schedule, next_run_at=began)

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    covering = Run.objects.get(covers_from__isnull=False)
    assert covering.covers_from == began
    assert covering.scheduled_for == NOON - 101 * HOUR
    assert Run.objects.count() == 102
    assert told(target)[-1] == (NOON, "PENDING", "")


# --- Which connection, which dates ------------------------------------------------


def connection_taken(schedule: Schedule) -> int | None:
    claim([schedule.pk], now=JUST_AFTER_NOON)
    return Run.objects.get().connection_id


def test_a_run_takes_its_schedules_connection(schedule: Schedule, bob: User):
    set_schedule(schedule, connection=make_connection(bob))

    assert connection_taken(schedule) == schedule.connection_id


def test_without_one_it_takes_the_owners_that_lists_the_account(
    schedule: Schedule, alice: User, connection: Connection
):
    connection.accounts.set([make_account(name="Other")])
    listing = make_connection(alice, schedule.account)

    assert connection_taken(schedule) == listing.pk


def test_of_those_that_list_the_account_a_usable_one_is_taken(
    schedule: Schedule, alice: User, connection: Connection
):
    """Under the missed policy `none` a slot would never run after a hold."""
    Connection.objects.filter(pk=connection.pk).update(held_at=NOON)
    make_connection(alice)
    usable = make_connection(alice, schedule.account)

    assert connection_taken(schedule) == usable.pk


def test_a_held_one_that_lists_the_account_is_taken_before_one_that_does_not(
    schedule: Schedule, alice: User, connection: Connection
):
    Connection.objects.filter(pk=connection.pk).update(held_at=NOON)
    make_connection(alice)

    assert connection_taken(schedule) == connection.pk


def test_a_held_connection_that_was_chosen_is_not_replaced(
    schedule: Schedule, alice: User
):
    set_schedule(schedule, connection=make_connection(alice, held_at=NOON))

    assert connection_taken(schedule) == schedule.connection_id


@pytest.mark.parametrize("is_first_held", [True, False])
def test_else_it_takes_the_owners_oldest_usable_one(
    schedule: Schedule, alice: User, connection: Connection, is_first_held: bool
):
    connection.accounts.clear()
    Connection.objects.filter(pk=connection.pk).update(
        held_at=NOON if is_first_held else None
    )
    second = make_connection(alice)

    expected = second if is_first_held else connection
    assert connection_taken(schedule) == expected.pk


def test_connections_that_are_gone_are_not_taken(
    schedule: Schedule, connection: Connection
):
    set_schedule(schedule, connection=connection)
    Connection.objects.update(deleted_at=NOON)

    assert connection_taken(schedule) is None


def test_a_bad_window_of_one_target_fails_only_its_own_run(
    schedule: Schedule, target: Target, instance: Instance
):
    broken = make_target(
        schedule, make_instance(instance.account), timezone="Mars/Olympus"
    )

    claim([schedule.pk], now=JUST_AFTER_NOON)

    assert Run.objects.get(target=broken).window_start is None
    assert Run.objects.get(target=target).window_start is not None


def test_a_target_without_account_gets_its_row(schedule: Schedule, target: Target):
    Instance.objects.update(account=None)

    claim([schedule.pk], now=JUST_AFTER_NOON)

    assert Run.objects.get().account is None
    assert told(target) == [(NOON, "PENDING", "")]


# --- Many at once -----------------------------------------------------------------


def test_a_run_by_hand_that_succeeded_makes_the_slot_a_duplicate(target: Target):
    by_hand = make_run(
        target,
        trigger="manual",
        created_at=NOON - 2 * MINUTE,
        scheduled_for=NOON - 2 * MINUTE,
    )
    make_execution(
        by_hand,
        state="SUCCEEDED",
        amc_execution_id="e-1",
        sending_at=NOON,
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )
    Run.objects.filter(pk=by_hand.pk).update(state="SUCCEEDED", finished_at=NOON)

    claim([target.schedule_id], now=JUST_AFTER_NOON)

    assert told(target) == [(NOON, "SKIPPED", "duplicate")]


def test_an_unreadable_rule_is_named_and_stops_nobody(
    schedule: Schedule, workflow: Workflow
):
    broken = make_schedule(workflow, timezone="Mars/Olympus")

    claimed = claim([broken.pk, schedule.pk], now=JUST_AFTER_NOON)

    (found,) = claimed.broken
    assert found.schedule_id == broken.pk
    assert "Mars/Olympus" in found.reason
    assert claimed.schedules == 1
    assert not Run.objects.filter(schedule=broken).exists()


def test_what_would_make_too_many_rows_is_left_for_the_next_claim(
    schedule: Schedule, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(claims, "MOST_RUNS", 3)
    set_schedule(schedule, next_run_at=NOON - 2 * HOUR)
    second = make_schedule(workflow)

    first_claim = claim([schedule.pk, second.pk], now=JUST_AFTER_NOON)
    second_claim = claim(first_claim.left, now=JUST_AFTER_NOON)

    assert (first_claim.left, first_claim.runs) == ((second.pk,), 3)
    assert (second_claim.left, second_claim.runs) == ((), 1)


def test_a_schedule_with_very_many_rows_is_claimed_alone(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(claims, "MOST_RUNS", 3)
    set_schedule(schedule, next_run_at=NOON - 5 * HOUR)

    claimed = claim([schedule.pk], now=JUST_AFTER_NOON)

    assert (claimed.left, claimed.runs) == ((), 6)


def test_the_number_of_queries_does_not_grow_with_the_schedules(alice: User):
    def queries_of_a_claim_of(count: int) -> int:
        instance = make_instance(alice.memberships.get().account)
        schedules = [
            make_schedule(make_workflow(instance, alice)) for _ in range(count)
        ]
        with CaptureQueriesContext(connection) as context:
            claim([schedule.pk for schedule in schedules], now=JUST_AFTER_NOON)
        return len(context)

    assert queries_of_a_claim_of(2) == queries_of_a_claim_of(30)


# --- Other dispatchers and people -------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_is_held_elsewhere_is_passed_over(
    schedule: Schedule, workflow: Workflow
):
    other = make_schedule(workflow)
    both = [schedule.pk, other.pk]

    with held_elsewhere(schedule):
        while_held = claim(both, now=JUST_AFTER_NOON)
        assert not Run.objects.filter(schedule=schedule).exists()
    afterwards = claim(both, now=JUST_AFTER_NOON)

    assert (while_held.schedules, afterwards.schedules) == (1, 1)
    assert list(Run.objects.order_by("pk").values_list("schedule_id", flat=True)) == [
        other.pk,
        schedule.pk,
    ]


@pytest.mark.django_db(transaction=True)
def test_a_target_that_is_being_paused_gets_no_run(target: Target):
    """The claim looks at its targets when nobody else can change them any more."""
    with (
        held_elsewhere(target) as rival,
        meanwhile(lambda: claim([target.schedule_id], now=JUST_AFTER_NOON)),
    ):
        rival.execute(
            "UPDATE schedule_targets SET paused_at = %s, pause_reason = 'failures'",
            [NOON],
        )
        rival.db.commit()

    assert told(target) == [(NOON, "SKIPPED", "target_paused")]


@pytest.mark.django_db(transaction=True)
def test_a_pause_by_failures_sees_the_run_that_was_just_claimed(target: Target):
    set_schedule(target.schedule, max_failures=1)
    failed = make_run(target, scheduled_for=NOON - HOUR, exclusive=False)
    make_execution(
        failed,
        state="FAILED",
        reason="sql_invalid",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )
    with open_transaction():
        claim([target.schedule_id], now=JUST_AFTER_NOON)
        with meanwhile(lambda: settle(now=JUST_AFTER_NOON)):
            transaction.commit()

    assert told(target)[-1] == (NOON, "SKIPPED", "target_paused")


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_fails_leaves_nothing_half_done(
    schedule: Schedule, workflow: Workflow
):
    Workflow.objects.filter(pk=workflow.pk).update(version=None)

    with pytest.raises(WorkflowVersion.DoesNotExist):
        claim([schedule.pk], now=JUST_AFTER_NOON)

    assert not Run.objects.exists()
    assert Schedule.objects.get().next_run_at == NOON


# --- Before a person's change -----------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_change_of_one_target_locks_them_all_in_their_order(
    schedule: Schedule, target: Target, alice: User
):
    """Settling locks the older target first; so must whoever pauses the younger one."""
    younger = make_target(schedule, make_instance(schedule.account))

    with (
        held_elsewhere(target) as rival,
        meanwhile(
            lambda: pause_target(younger.pk, user=alice, reason="", now=JUST_AFTER_NOON)
        ),
    ):
        rival.execute(
            "SELECT 1 FROM schedule_targets WHERE id = %s FOR NO KEY UPDATE NOWAIT",
            [younger.pk],
        )
        rival.db.commit()

    assert told(target) == [(NOON, "PENDING", "")]
    assert told(younger) == [(NOON, "SKIPPED", "target_paused")]


def test_what_is_due_before_a_change_gets_its_row_by_the_old_rule(target: Target):
    schedule = target.schedule

    run_ids = claim_leftovers(schedule, now=JUST_AFTER_NOON, fate="dispatch")

    run = Run.objects.get()
    assert run_ids == [run.pk]
    assert told(target) == [(NOON, "PENDING", "")]
    assert run.next_action_at == JUST_AFTER_NOON  # nobody sends a message for sure
    assert schedule.next_run_at == NOON + HOUR
    schedule.refresh_from_db()
    assert schedule.next_run_at == NOON + HOUR


def test_what_is_due_before_a_pause_is_skipped_for_it(target: Target):
    set_schedule(target.schedule, next_run_at=NOON - HOUR)

    run_ids = claim_leftovers(
        target.schedule, now=JUST_AFTER_NOON, fate="schedule_paused"
    )

    assert run_ids == []
    assert told(target) == [
        (NOON - HOUR, "SKIPPED", "schedule_paused"),
        (NOON, "SKIPPED", "schedule_paused"),
    ]


@pytest.mark.parametrize(
    "columns",
    [
        {"next_run_at": NOON + HOUR},
        {"is_active": False, "paused_at": NOON, "next_run_at": None},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_without_readable_due_slots_nothing_is_left_over(schedule: Schedule, columns):
    set_schedule(schedule, **columns)
    before = schedule.next_run_at

    assert claim_leftovers(schedule, now=JUST_AFTER_NOON, fate="dispatch") == []

    assert schedule.next_run_at == before
    assert not Run.objects.exists()


def test_leftovers_make_no_row_in_the_change_log(schedule: Schedule):
    before = schedule.history.count()

    claim_leftovers(schedule, now=JUST_AFTER_NOON, fate="dispatch")

    assert schedule.history.count() == before
