"""Runs by hand: they start now, wait for the run before, and leave the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from instances.changelog import changing
from instances.errors import AccountMissing, DomainError, NotPermitted
from instances.models import (
    Account,
    Change,
    Instance,
    Membership,
    Role,
    User,
)
from schedules.errors import (
    AlreadyRetried,
    InvalidField,
    NoActiveTarget,
    NotFinished,
    Paused,
    RecentRun,
)
from schedules.lifecycle import delete_schedule
from schedules.models import Run, Schedule, Target
from schedules.queue.queueing import execute_run
from schedules.targets import remove_target
from schedules.triggering import Outcome, retry_run, trigger_schedule
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.rivals import in_threads
from tests.schedules.histories import HOUR, MINUTE, run_at_amazon, state_of
from workflows.models import Workflow, WorkflowVersion
from workflows.windows import Window

pytestmark = pytest.mark.usefixtures("invariants_hold")
BEFORE = NOON - MINUTE  # nothing is due yet
BRAND = {"name": "brand", "dataType": "STRING"}
LAST_WEEK = (date(2026, 11, 14), date(2026, 11, 21))
STOPPED = {"paused_at": NOON - HOUR, "pause_reason": "person"}


def trigger(schedule: Schedule, user: User, **wish: Any) -> Outcome:
    return trigger_schedule(schedule.pk, user=user, **{"now": BEFORE} | wish)


def ended(target: Target, **changes: Any) -> Run:
    values = {
        "scheduled_for": NOON - HOUR,
        "created_at": NOON - HOUR,
        "state": "FAILED",
        "reason": "query_failed",
        "finished_at": NOON - HOUR,
    }
    return make_run(target, **values | changes)


def dates(run: Run) -> tuple[date | None, date | None]:
    return run.window_start, run.window_end


# --- By hand ----------------------------------------------------------------------


def test_a_run_by_hand_starts_now_and_leaves_the_calendar(target: Target, alice: User):
    with changing(alice, Change.Origin.API, now=BEFORE):
        outcome = trigger(target.schedule, alice)

    (run,) = outcome.runs
    run = Run.objects.get(pk=run.pk)
    assert outcome.refused == ()
    assert (run.trigger, run.state, run.scheduled_for) == ("manual", "PENDING", BEFORE)
    assert run.next_action_at == run.created_at == BEFORE
    assert dates(run) == LAST_WEEK
    assert (run.owner, run.connection) == (alice, alice.connections.get())
    schedule = Schedule.objects.get()
    assert (schedule.next_run_at, schedule.revision) == (NOON, 1)
    change = schedule.history.latest("history_id")
    assert (change.history_user, change.origin) == (alice, "api")
    assert change.history_change_reason == f"by hand: run {run.pk}"


@pytest.mark.parametrize("late", [-MINUTE, timedelta(0), HOUR, timedelta(days=2)])
@pytest.mark.parametrize("is_active", [True, False])
def test_no_run_by_hand_moves_the_next_slot(
    late: timedelta, is_active: bool, workflow: Workflow, alice: User
):
    paused = {"is_active": False, "next_run_at": None, "paused_at": NOON}
    schedule = make_schedule(workflow, **({} if is_active else paused))
    before = Schedule.objects.values().get()

    trigger(schedule, alice, force=True, now=NOON + late)

    assert Schedule.objects.values().get() == before


def test_every_target_that_is_not_paused_gets_a_run(
    schedule: Schedule, account: Account, alice: User
):
    second = make_target(schedule, make_instance(account))
    make_target(schedule, make_instance(account), **STOPPED)
    make_target(schedule, make_instance(account), deleted_at=NOON)

    for force in (False, True):
        outcome = trigger(schedule, alice, force=force)
        assert {run.target_id for run in outcome.runs} == {
            schedule.targets.first().pk,
            second.pk,
        }


def test_some_targets_can_be_named(schedule: Schedule, account: Account, alice: User):
    second = make_target(schedule, make_instance(account))

    outcome = trigger(schedule, alice, target_ids=[second.pk])

    assert [run.target for run in outcome.runs] == [second]


def test_a_target_of_another_schedule_is_none(
    schedule: Schedule, workflow: Workflow, alice: User
):
    other = make_schedule(workflow).targets.get()
    own = schedule.targets.get()

    for unknown in (other.pk, 10**12):
        with pytest.raises(InvalidField) as caught:
            trigger(schedule, alice, target_ids=[own.pk, unknown])
        assert (caught.value.code, caught.value.field) == ("not_found", "targets")
    assert not Run.objects.exists()


def test_values_and_window_can_be_given(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    window = Window(date(2026, 11, 1), date(2026, 11, 8))

    (run,) = trigger(schedule, alice, values={"brand": "Other"}, window=window).runs

    assert run.parameter_values == {"brand": "Other"}
    assert dates(run) == (window.start, window.end)


def test_a_slot_gives_the_dates_of_another_day(schedule: Schedule, alice: User):
    (run,) = trigger(schedule, alice, slot=NOON - timedelta(days=7)).runs

    assert run.scheduled_for == NOON - timedelta(days=7)
    assert run.window_end == date(2026, 11, 14)
    assert run.created_at == BEFORE


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"slot": NOON}, "range", "slot"),
        ({"values": {"rand": 1}}, "unknown", "parameters.rand"),
        (
            {"window": Window(date(2026, 11, 8), date(2026, 11, 8))},
            "window_empty",
            "window.end",
        ),
        (
            {"window": Window(date(2026, 11, 8), date(2026, 11, 1))},
            "window_empty",
            "window.end",
        ),
        (
            {"window": Window(date(2025, 10, 22), date(2025, 11, 1))},
            "window_too_old",
            "window",
        ),
        (
            {"window": Window(date(2026, 11, 20), date(2026, 11, 25))},
            "window_in_future",
            "window",
        ),
    ],
)
def test_what_amazon_could_not_run_is_not_started(
    wish: dict[str, Any], code: str, field: str, schedule: Schedule, alice: User
):
    with pytest.raises(DomainError) as caught:
        trigger(schedule, alice, **wish)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert not Run.objects.exists()


# --- What is refused unless it is forced ------------------------------------------


def test_a_paused_schedule_runs_when_it_is_forced(workflow: Workflow, alice: User):
    schedule = make_schedule(
        workflow, is_active=False, next_run_at=None, paused_at=NOON - HOUR
    )

    with pytest.raises(Paused) as caught:
        trigger(schedule, alice)
    outcome = trigger(schedule, alice, force=True)

    assert caught.value.code == "paused"
    assert len(outcome.runs) == 1
    assert not Schedule.objects.get().is_active


def test_a_paused_target_runs_when_it_is_named_and_forced(target: Target, alice: User):
    Target.objects.update(**STOPPED)

    with pytest.raises(NoActiveTarget):
        trigger(target.schedule, alice)
    with pytest.raises(Paused):
        trigger(target.schedule, alice, target_ids=[target.pk])
    named = trigger(target.schedule, alice, target_ids=[target.pk], force=True)
    alone = trigger(target.schedule, alice, force=True)

    assert len(named.runs) == len(alone.runs) == 1


@pytest.mark.parametrize(
    ("age", "minutes", "is_refused"),
    [
        (4 * MINUTE, 5, True),
        (5 * MINUTE, 5, False),
        (6 * MINUTE, 5, False),
        (0 * MINUTE, 0, False),
        (59 * MINUTE, 60, True),
    ],
)
@pytest.mark.parametrize("trigger_word", ["schedule", "manual", "retry"])
def test_a_run_a_moment_ago_is_named(
    age: timedelta,
    minutes: int,
    is_refused: bool,
    trigger_word: str,
    target: Target,
    alice: User,
):
    Schedule.objects.update(dedup_window_minutes=minutes)
    recent = ended(target, trigger=trigger_word, created_at=BEFORE - age)

    if not is_refused:
        assert len(trigger(target.schedule, alice).runs) == 1
        return
    with pytest.raises(RecentRun) as caught:
        trigger(target.schedule, alice)
    assert caught.value.run_id == recent.pk
    assert f"Run {recent.pk} " in caught.value.message
    assert len(trigger(target.schedule, alice, force=True).runs) == 1


def test_a_slot_that_was_skipped_is_no_run(target: Target, alice: User):
    ended(target, state="SKIPPED", reason="overlap", created_at=BEFORE - MINUTE)

    assert len(trigger(target.schedule, alice).runs) == 1


def test_the_newest_of_several_is_named(target: Target, alice: User):
    ended(target, trigger="manual", created_at=BEFORE - 3 * MINUTE)
    newest = ended(target, trigger="manual", created_at=BEFORE - 2 * MINUTE)

    with pytest.raises(RecentRun) as caught:
        trigger(target.schedule, alice)

    assert caught.value.run_id == newest.pk


def test_the_other_targets_run_beside_the_refused(
    schedule: Schedule, account: Account, alice: User
):
    first = schedule.targets.get()
    ended(first, created_at=BEFORE - MINUTE)
    second = make_target(schedule, make_instance(account))
    stray = make_target(schedule, make_instance(None))
    foreign = make_target(schedule, make_instance(make_account()))

    outcome = trigger(schedule, alice)

    assert [run.target for run in outcome.runs] == [second]
    assert [(refusal.target, refusal.error.code) for refusal in outcome.refused] == [
        (first, "recent_run"),
        (stray, "account_missing"),
        (foreign, "forbidden"),
    ]


def test_force_gives_no_rights(schedule: Schedule, alice: User):
    Target.objects.update(instance=make_instance(None))
    with pytest.raises(AccountMissing):
        trigger(schedule, alice, force=True)

    Target.objects.update(instance=make_instance(make_account()))
    with pytest.raises(NotPermitted):
        trigger(schedule, alice, force=True)


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_it_needs_the_role_editor(
    who: str, schedule: Schedule, request: pytest.FixtureRequest
):
    with pytest.raises(NotPermitted):
        trigger(schedule, request.getfixturevalue(who))


def test_a_schedule_without_targets_runs_nowhere(schedule: Schedule, alice: User):
    Target.objects.update(deleted_at=NOON)

    with pytest.raises(NoActiveTarget):
        trigger(schedule, alice, force=True)


# --- What becomes of it -----------------------------------------------------------


@pytest.mark.parametrize("policy", ["skip", "wait"])
def test_it_waits_for_the_run_before_it(policy: str, target: Target, alice: User):
    Schedule.objects.update(overlap_policy=policy)
    running = run_at_amazon(target, scheduled_for=NOON - HOUR)
    (run,) = trigger(target.schedule, alice, force=True).runs

    opened = execute_run(run.pk, now=BEFORE)

    assert opened == []
    assert state_of(run) == ("WAITING", "overlap")
    assert run.blocked_by_id == running.pk
    assert run.give_up_at == BEFORE + timedelta(hours=24)


def test_under_allow_it_runs_beside(target: Target, alice: User):
    Schedule.objects.update(overlap_policy="allow")
    run_at_amazon(target, scheduled_for=NOON - HOUR, exclusive=False)
    (run,) = trigger(target.schedule, alice, force=True).runs

    opened = execute_run(run.pk, now=BEFORE)

    assert len(opened) == 1
    assert state_of(run) == ("RUNNING", "")


def test_while_the_connection_is_held_it_is_taken_and_waits(
    target: Target, alice: User
):
    alice.connections.update(held_at=NOON - HOUR, hold_reason="revoked")
    (run,) = trigger(target.schedule, alice).runs

    execute_run(run.pk, now=BEFORE)

    assert state_of(run) == ("WAITING", "credential")


def test_it_uses_the_connection_that_slots_would_use(
    target: Target, account: Account, alice: User
):
    alice.connections.get().accounts.clear()
    listing = make_connection(alice, account)

    (run,) = trigger(target.schedule, alice).runs

    assert run.connection == listing


def test_thirty_targets_need_no_more_queries_than_three(
    workflow: Workflow, account: Account, alice: User
):
    counts = []
    for number in (3, 30):
        instances = [make_instance(account) for _ in range(number)]
        schedule = make_schedule(workflow, *instances)
        with CaptureQueriesContext(database) as asked:
            trigger(schedule, alice)
        counts.append(len(asked))

    assert counts[0] == counts[1]


# --- Retrying ---------------------------------------------------------------------


def test_a_retry_keeps_the_window_and_takes_todays_version_and_values(
    instance: Instance, alice: User
):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    old = ended(
        schedule.targets.get(),
        window_start=date(2026, 10, 1),
        window_end=date(2026, 11, 1),
        window_timezone="Asia/Tokyo",
        parameter_values={"brand": "Old"},
    )
    workflow.version = WorkflowVersion.objects.create(
        workflow=workflow,
        number=2,
        sql="SELECT 2",
        parameters=[BRAND],
        created_at=NOON,
    )
    workflow.save()

    with changing(alice, Change.Origin.API, now=BEFORE):
        run = retry_run(old.pk, user=alice, now=BEFORE)

    assert (run.retry_of, run.trigger, run.state) == (old, "retry", "PENDING")
    assert dates(run) == (date(2026, 10, 1), date(2026, 11, 1))
    assert run.window_timezone == "Asia/Tokyo"
    assert run.parameter_values == {"brand": "Acme"}
    assert run.workflow_version.number == 2
    assert run.scheduled_for == old.scheduled_for
    assert Schedule.objects.get().next_run_at == NOON
    said = schedule.history.latest("history_id").history_change_reason
    assert said == f"by hand: run {run.pk}, a retry of {old.pk}"


def test_a_run_that_never_had_a_window_gets_one_by_todays_rule(
    target: Target, alice: User
):
    old = ended(target, reason="window_invalid", window_start=None, window_end=None)

    run = retry_run(old.pk, user=alice, now=BEFORE)

    assert dates(run) == LAST_WEEK


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"])
def test_whatever_has_ended_can_be_retried(state: str, target: Target, alice: User):
    if state == "SUCCEEDED":
        old = run_at_amazon(target, "COLLECTING", scheduled_for=NOON - HOUR)
        old.execution.state, old.execution.ended_at = "SUCCEEDED", NOON
        old.execution.uses_attempt, old.execution.next_poll_at = True, None
        old.execution.save()
        Run.objects.update(state="SUCCEEDED", finished_at=NOON)
    else:
        old = ended(target, state=state, reason="cancelled")

    assert retry_run(old.pk, user=alice, now=BEFORE).retry_of_id == old.pk


def test_what_has_not_ended_is_not_retried(target: Target, alice: User):
    with pytest.raises(NotFinished):
        retry_run(make_run(target).pk, user=alice, now=BEFORE)


def test_one_retry_is_open_at_a_time(target: Target, alice: User):
    old = ended(target)
    first = retry_run(old.pk, user=alice, now=BEFORE)

    with pytest.raises(AlreadyRetried):
        retry_run(old.pk, user=alice, now=BEFORE)
    Run.objects.filter(pk=first.pk).update(
        state="CANCELLED", reason="cancelled", next_action_at=None, finished_at=NOON
    )
    again = retry_run(old.pk, user=alice, now=BEFORE)

    assert again.retry_of_id == old.pk


@pytest.mark.django_db(transaction=True)
def test_of_two_retries_at_once_one_is_made(
    committed_db: None, target: Target, alice: User
):
    old = ended(target)

    def retry(number: int) -> str:
        try:
            retry_run(old.pk, user=alice, now=BEFORE)
        except AlreadyRetried:
            return "refused"
        return "made"

    assert sorted(in_threads(3, retry)) == ["made", "refused", "refused"]
    assert Run.objects.filter(retry_of=old).count() == 1


def test_a_paused_schedule_retries(target: Target, alice: User):
    old = ended(target)
    Schedule.objects.update(is_active=False, next_run_at=None, paused_at=NOON)

    assert retry_run(old.pk, user=alice, now=BEFORE).state == "PENDING"


def test_values_that_no_longer_fit_are_said(target: Target, alice: User):
    old = ended(target)
    version = WorkflowVersion.objects.create(
        workflow=target.schedule.workflow,
        number=2,
        sql="SELECT 1",
        parameters=[BRAND],
        created_at=NOON,
    )
    Workflow.objects.update(version=version)

    with pytest.raises(DomainError) as caught:
        retry_run(old.pk, user=alice, now=BEFORE)

    assert (caught.value.code, caught.value.field) == ("missing", "parameters.brand")


def test_what_was_deleted_is_not_retried(
    target: Target, account: Account, alice: User, ada: User
):
    make_target(target.schedule, make_instance(account))
    old = ended(target)

    remove_target(target.pk, user=alice, now=BEFORE)
    with pytest.raises(NoActiveTarget) as without_target:
        retry_run(old.pk, user=alice, now=BEFORE)
    delete_schedule(target.schedule_id, user=ada, revision=None, now=BEFORE)
    with pytest.raises(NoActiveTarget) as without_schedule:
        retry_run(old.pk, user=alice, now=BEFORE)

    assert "instance" in without_target.value.message
    assert "deleted" in without_schedule.value.message


def test_a_run_without_schedule_is_not_retried(target: Target, alice: User):
    old = ended(target, trigger="test")
    Run.objects.update(schedule=None, target=None)

    with pytest.raises(NoActiveTarget):
        retry_run(old.pk, user=alice, now=BEFORE)


def test_retrying_needs_the_role_editor_where_the_run_was_and_where_it_will_be(
    target: Target, alice: User, vic: User, bob: User
):
    old = ended(target)
    for user in (vic, bob):
        with pytest.raises(NotPermitted):
            retry_run(old.pk, user=user, now=BEFORE)

    moved = make_account()
    Instance.objects.filter(pk=target.instance_id).update(account=moved)
    with pytest.raises(NotPermitted):
        retry_run(old.pk, user=alice, now=BEFORE)
    make_member(alice, moved, Role.EDITOR)
    assert retry_run(old.pk, user=alice, now=BEFORE).account == moved
    Membership.objects.filter(user=alice).exclude(account=moved).delete()
    with pytest.raises(NotPermitted):
        retry_run(old.pk, user=alice, now=BEFORE)
