"""Pausing and resuming: what waits ends, what runs goes on, nothing past is started."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from instances.changelog import changing
from instances.errors import NotPermitted
from instances.models import Account, Change, User
from schedules.claiming.claims import claim
from schedules.errors import (
    AlreadyPaused,
    InvalidRecurrence,
    NoActiveTarget,
    NotPaused,
)
from schedules.models import Run, Schedule, Target
from schedules.pausing import (
    pause_schedule,
    pause_target,
    resume_schedule,
    resume_target,
)
from schedules.states import WAIT_REASONS
from tests.makers import (
    NOON,
    make_account,
    make_instance,
    make_run,
    make_schedule,
    make_target,
)
from tests.rivals import in_threads, meanwhile, open_transaction
from tests.schedules.histories import (
    HOUR,
    MINUTE,
    run_at_amazon,
    state_of,
    told,
    tried_run,
    waiting_run,
)
from workflows.models import Workflow

pytestmark = pytest.mark.usefixtures("invariants_hold")
LATER = NOON + MINUTE


def pause(schedule: Schedule, user: User, reason: str = "") -> Schedule:
    return pause_schedule(schedule.pk, user=user, reason=reason, now=LATER)


def paused_schedule(workflow: Workflow, **target: object) -> Schedule:
    schedule = make_schedule(
        workflow, is_active=False, next_run_at=None, paused_at=NOON - HOUR
    )
    Target.objects.filter(schedule=schedule).update(**target)
    return schedule


STOPPED = {"paused_at": NOON - HOUR, "pause_reason": "person"}
FAILED = STOPPED | {"pause_reason": "failures", "consecutive_failures": 0}


# --- Pausing a schedule -----------------------------------------------------------


def test_a_pause_says_who_and_why(schedule: Schedule, alice: User):
    with changing(alice, Change.Origin.API, "holidays", now=LATER):
        paused = pause(schedule, alice, "holidays")

    assert (paused.is_active, paused.paused_at, paused.next_run_at) == (
        False,
        LATER,
        None,
    )
    assert (paused.pause_cause, paused.pause_reason) == ("person", "holidays")
    change = paused.history.latest("history_id")
    assert (change.history_user, change.history_change_reason) == (alice, "holidays")
    assert (change.is_active, change.origin) == (False, "api")


def test_a_slot_that_is_due_gets_its_row_first(target: Target, alice: User):
    Schedule.objects.update(next_run_at=NOON - HOUR)

    pause(target.schedule, alice)

    assert told(target) == [
        (NOON - HOUR, "SKIPPED", "schedule_paused"),
        (NOON, "SKIPPED", "schedule_paused"),
    ]


@pytest.mark.parametrize("reason", ["", *sorted(WAIT_REASONS)])
def test_runs_of_slots_that_wait_end_with_the_pause(
    reason: str, target: Target, alice: User
):
    slot = {"scheduled_for": NOON - HOUR}
    run = waiting_run(target, reason, **slot) if reason else make_run(target, **slot)

    pause(target.schedule, alice)

    assert state_of(run) == ("SKIPPED", "schedule_paused")
    assert (run.finished_at, run.next_action_at) == (LATER, None)


def test_who_has_asked_amazon_before_is_cancelled_and_not_skipped(
    target: Target, alice: User
):
    run = tried_run(target, scheduled_for=NOON - HOUR)

    pause(target.schedule, alice)

    assert state_of(run) == ("CANCELLED", "schedule_paused")


@pytest.mark.parametrize("trigger", ["manual", "retry", "backfill", "test"])
def test_runs_by_hand_and_backfills_go_on(trigger: str, target: Target, alice: User):
    run = make_run(target, trigger=trigger, scheduled_for=NOON - HOUR)

    pause(target.schedule, alice)

    assert state_of(run) == ("PENDING", "")


def test_a_run_at_amazon_finishes(target: Target, alice: User):
    run = run_at_amazon(target, scheduled_for=NOON - HOUR)

    pause(target.schedule, alice)

    assert state_of(run) == ("RUNNING", "")
    assert run.execution.cancel_requested_at is None


def test_nobody_pauses_twice(schedule: Schedule, alice: User):
    pause(schedule, alice, "first")

    with pytest.raises(AlreadyPaused):
        pause(schedule, alice, "second")
    assert Schedule.objects.get().pause_reason == "first"


# --- Resuming a schedule ----------------------------------------------------------


@pytest.mark.parametrize("away", [MINUTE, HOUR, timedelta(days=3), timedelta(days=400)])
def test_resuming_starts_nothing_that_was_missed(
    away: timedelta, workflow: Workflow, alice: User
):
    schedule = paused_schedule(workflow)
    now = NOON + away

    resumed = resume_schedule(schedule.pk, user=alice, now=now)
    claimed = claim([schedule.pk], now=now)

    assert not Run.objects.exists()
    assert claimed.runs == 0
    assert now < resumed.next_run_at <= now + HOUR
    assert (resumed.is_active, resumed.paused_at) == (True, None)
    assert (resumed.pause_cause, resumed.pause_reason) == ("", "")


def test_pausing_and_resuming_within_a_slot_lose_it_but_on_record(
    target: Target, alice: User
):
    pause(target.schedule, alice)
    resumed = resume_schedule(target.schedule_id, user=alice, now=LATER)

    assert told(target) == [(NOON, "SKIPPED", "schedule_paused")]
    assert resumed.next_run_at == NOON + HOUR


def test_targets_that_we_paused_resume_with_it(workflow: Workflow, alice: User):
    schedule = paused_schedule(workflow, **FAILED)
    account = workflow.account
    denied = make_target(
        schedule, make_instance(account), **STOPPED | {"pause_reason": "access_denied"}
    )
    by_hand = make_target(schedule, make_instance(account), **STOPPED)
    unpaused = make_target(schedule, make_instance(account))

    resume_schedule(schedule.pk, user=alice, now=LATER)

    kept = Target.objects.filter(paused_at__isnull=False)
    assert list(kept) == [by_hand]
    for target in (schedule.targets.first(), denied, unpaused):
        target.refresh_from_db()
        assert (target.paused_at, target.pause_reason, target.pause_message) == (
            None,
            "",
            "",
        )
        assert (target.consecutive_failures, target.counting_from) == (0, LATER)


def test_without_a_target_that_may_run_it_stays_paused(workflow: Workflow, alice: User):
    stopped = paused_schedule(workflow, **STOPPED)
    emptied = paused_schedule(workflow, deleted_at=NOON)

    for schedule in (stopped, emptied):
        with pytest.raises(NoActiveTarget):
            resume_schedule(schedule.pk, user=alice, now=LATER)
        schedule.refresh_from_db()
        assert not schedule.is_active


def test_a_rule_that_cannot_be_read_stays_paused(workflow: Workflow, alice: User):
    schedule = paused_schedule(workflow)
    Schedule.objects.update(cron_expression="bad")

    with pytest.raises(InvalidRecurrence) as caught:
        resume_schedule(schedule.pk, user=alice, now=LATER)

    assert caught.value.field == "cron"
    assert not Schedule.objects.get().is_active


def test_nobody_resumes_what_runs(schedule: Schedule, alice: User):
    with pytest.raises(NotPaused):
        resume_schedule(schedule.pk, user=alice, now=LATER)


# --- Targets ----------------------------------------------------------------------


def test_a_target_is_paused_alone(target: Target, alice: User):
    other = make_target(target.schedule, make_instance(target.instance.account))
    waiting = waiting_run(target, "capacity", scheduled_for=NOON - HOUR)

    with changing(alice, Change.Origin.API, "broken tag", now=LATER):
        paused = pause_target(target.pk, user=alice, reason="broken tag", now=LATER)

    assert (paused.paused_at, paused.pause_reason, paused.pause_message) == (
        LATER,
        "person",
        "broken tag",
    )
    assert state_of(waiting) == ("SKIPPED", "target_paused")
    assert told(target)[-1][0] == NOON
    assert told(target)[-1][1] == "SKIPPED"
    assert told(other) == [(NOON, "PENDING", "")]
    assert Schedule.objects.get().is_active
    assert paused.history.latest("history_id").history_user == alice


def test_a_resumed_target_goes_on_with_the_next_slot(target: Target, alice: User):
    Target.objects.update(**STOPPED)

    resumed = resume_target(target.pk, user=alice, now=LATER)

    assert told(target) == [(NOON, "SKIPPED", "target_paused")]
    assert (resumed.paused_at, resumed.counting_from) == (None, LATER)
    claim([target.schedule_id], now=NOON + HOUR)
    assert told(target)[-1] == (NOON + HOUR, "PENDING", "")


@pytest.mark.parametrize(
    ("cause", "is_active"), [("no_active_target", True), ("person", False)]
)
def test_a_target_resumes_the_schedule_that_only_lacked_one(
    cause: str, is_active: bool, workflow: Workflow, alice: User
):
    schedule = paused_schedule(workflow, **FAILED)
    Schedule.objects.update(pause_cause=cause)

    resume_target(schedule.targets.get().pk, user=alice, now=LATER)

    schedule.refresh_from_db()
    assert schedule.is_active is is_active
    assert schedule.next_run_at == (NOON + HOUR if is_active else None)
    assert not Run.objects.exists()


def test_targets_are_paused_and_resumed_once(target: Target, alice: User):
    with pytest.raises(NotPaused):
        resume_target(target.pk, user=alice, now=LATER)
    pause_target(target.pk, user=alice, reason="", now=LATER)
    with pytest.raises(AlreadyPaused):
        pause_target(target.pk, user=alice, reason="", now=LATER)


# --- Who may ----------------------------------------------------------------------


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_it_needs_the_role_editor(
    who: str, target: Target, request: pytest.FixtureRequest
):
    user = request.getfixturevalue(who)

    for deed in (
        lambda: pause(target.schedule, user),
        lambda: resume_schedule(target.schedule_id, user=user, now=LATER),
        lambda: pause_target(target.pk, user=user, reason="", now=LATER),
        lambda: resume_target(target.pk, user=user, now=LATER),
    ):
        with pytest.raises(NotPermitted):
            deed()


def test_for_a_target_in_its_own_account(schedule: Schedule, alice: User):
    foreign: Account = make_account()
    target = make_target(schedule, make_instance(foreign))

    with pytest.raises(NotPermitted):
        pause_target(target.pk, user=alice, reason="", now=LATER)


# --- Beside a claim ---------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_pause_ends_the_run_that_was_just_claimed(
    committed_db: None, target: Target, alice: User
):
    with open_transaction():
        claim([target.schedule_id], now=NOON)
        with meanwhile(lambda: pause(target.schedule, alice)):
            transaction.commit()

    assert told(target) == [(NOON, "SKIPPED", "schedule_paused")]


@pytest.mark.django_db(transaction=True)
def test_a_claim_passes_over_what_is_being_paused(
    committed_db: None, target: Target, alice: User
):
    with open_transaction():
        pause(target.schedule, alice)
        (claimed,) = in_threads(1, lambda _: claim([target.schedule_id], now=LATER))
        transaction.commit()

    assert claimed.runs == 0
    assert told(target) == [(NOON, "SKIPPED", "schedule_paused")]
