"""Schedules as people make, edit and delete them: nothing past is ever started."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from instances.changelog import changing
from instances.errors import (
    AccountMissing,
    DomainError,
    NotPermitted,
    StaleRevision,
)
from instances.models import Account, Change, Connection, Instance, Role, User
from schedules.claiming.claims import claim
from schedules.errors import InvalidField, StillRunning
from schedules.lifecycle import (
    ScheduleFields,
    create_schedule,
    delete_schedule,
    edit_schedule,
    refuse_fixed,
)
from schedules.models import Run, Schedule, Target
from schedules.pausing import pause_schedule, resume_schedule
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
from tests.rivals import held_elsewhere, meanwhile
from tests.schedules.histories import (
    HOUR,
    MINUTE,
    run_at_amazon,
    state_of,
    told,
    tried_run,
    waiting_run,
)
from workflows.models import Workflow, WorkflowExecution

pytestmark = pytest.mark.usefixtures("invariants_hold")

WEEKLY = ScheduleFields(
    name="Weekly reach",
    cron_expression=" 0  9 * * mon ",
    timezone="America/New_York",
    window_rule={"kind": "last_days", "days": 7},
)
BRAND = {"name": "brand", "dataType": "STRING"}


def create(workflow: Workflow, *instances: Instance, user: User, **changes: Any):
    return create_schedule(
        replace(WEEKLY, **changes),
        workflow=workflow,
        instances=instances,
        user=user,
        now=changes.pop("now", NOON),
    )


def edit(
    schedule: Schedule,
    *,
    user: User,
    now: datetime = NOON + MINUTE,
    revision: int | None = None,
    **changes: Any,
) -> Schedule:
    return edit_schedule(
        schedule.pk,
        changes,
        user=user,
        revision=revision,
        now=now,
    )


def delete(schedule: Schedule, *, user: User, **options: Any) -> None:
    delete_schedule(
        schedule.pk, user=user, **{"revision": None, "now": NOON + MINUTE} | options
    )


# --- Making one ----------------------------------------------------------------------


def test_a_schedule_begins_with_its_first_slot_and_the_workflows_instance(
    workflow: Workflow, alice: User
):
    with changing(alice, Change.Origin.API, now=NOON):
        schedule = create(workflow, user=alice)

    assert schedule.cron_expression == "0 9 * * MON"
    assert schedule.next_run_at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert (schedule.is_active, schedule.revision) == (True, 1)
    assert (schedule.account, schedule.owner) == (workflow.account, alice)
    target = schedule.targets.get()
    assert (target.instance, target.counting_from) == (workflow.instance, NOON)
    for row in (schedule, target):
        (change,) = row.history.all()
        assert (change.history_user, change.origin, change.history_type) == (
            alice,
            "api",
            "+",
        )


@pytest.mark.parametrize(
    ("cron", "zone", "now", "first"),
    [
        ("0 12 * * *", "UTC", "2026-11-23 12:00:00", "2026-11-24 12:00:00"),
        ("0 12 * * *", "UTC", "2026-11-23 11:59:59", "2026-11-23 12:00:00"),
        ("* * * * *", "UTC", "2026-11-23 12:00:30", "2026-11-23 12:01:00"),
        ("0 9 * * *", "Asia/Tokyo", "2026-11-23 00:00:00", "2026-11-24 00:00:00"),
        # A fixed time in the gap of spring runs once, after the gap.
        ("30 2 * * *", "America/New_York", "2026-03-08 06:00", "2026-03-08 07:00"),
    ],
)
def test_the_first_slot_is_strictly_later(
    cron: str, zone: str, now: str, first: str, workflow: Workflow, alice: User
):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    rule = {"cron_expression": cron, "timezone": zone}

    schedule = create_schedule(
        replace(WEEKLY, **rule), workflow=workflow, user=alice, now=moment
    )

    assert schedule.next_run_at == datetime.fromisoformat(first).replace(tzinfo=UTC)


def test_each_instance_that_is_named_is_a_target(
    workflow: Workflow, account: Account, alice: User
):
    instances = [make_instance(account) for _ in range(3)]

    schedule = create(workflow, *instances, user=alice)

    found = Target.objects.filter(schedule=schedule).order_by("id")
    assert [target.instance for target in found] == instances
    assert Target.history.filter(schedule=schedule).count() == 3


def test_a_hundred_targets_need_no_more_queries_than_two(
    workflow: Workflow, account: Account, alice: User
):
    counts = []
    for number in (2, 100):
        instances = [make_instance(account) for _ in range(number)]
        with CaptureQueriesContext(database) as asked:
            create(workflow, *instances, user=alice)
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_each_instance_needs_the_role_editor_in_its_account(
    workflow: Workflow, instance: Instance, alice: User
):
    foreign = make_instance(make_account())
    read_only = make_instance(make_account())
    make_member(alice, read_only.account, Role.VIEWER)

    for other in (foreign, read_only):
        with pytest.raises(NotPermitted):
            create(workflow, instance, other, user=alice)
    assert not Schedule.objects.exists()


def test_an_instance_is_a_target_once(
    workflow: Workflow, instance: Instance, alice: User
):
    with pytest.raises(InvalidField) as caught:
        create(workflow, instance, instance, user=alice)

    assert (caught.value.code, caught.value.field) == ("duplicate", "instances")
    assert not Schedule.objects.exists()


def test_an_instance_without_account_is_said_before_anything_is_stored(
    workflow: Workflow, alice: User
):
    with pytest.raises(AccountMissing) as caught:
        create(workflow, make_instance(None), user=alice)

    assert caught.value.field == "instances"
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_making_needs_the_role_editor_in_the_workflows_account(
    who: str, workflow: Workflow, request: pytest.FixtureRequest
):
    with pytest.raises(NotPermitted):
        create(workflow, user=request.getfixturevalue(who))


def test_a_deleted_workflow_gets_no_schedule(workflow: Workflow, alice: User):
    Workflow.objects.update(deleted_at=NOON)

    with pytest.raises(Workflow.DoesNotExist):
        create(workflow, user=alice)


BAD_FIELDS = [
    ({"name": " "}, "invalid", "name"),
    ({"cron_expression": "* * * *"}, "cron_field_count", "cron"),
    ({"cron_expression": "0 0 31 2 *"}, "cron_never_fires", "cron"),
    ({"timezone": "Mars/Phobos"}, "unknown_timezone", "timezone"),
    ({"window_rule": {"kind": "last_days"}}, "type", "window.days"),
    ({"window_rule": {"kind": "never"}}, "kind", "window.kind"),
    ({"window_rule": None}, "type", "window"),
    (
        {"window_rule": {"kind": "fixed", "start": "2026-11-20", "end": "2026-11-20"}},
        "window_empty",
        "window.end",
    ),
    (
        {"window_rule": {"kind": "fixed", "start": "2025-09-01", "end": "2026-01-01"}},
        "window_too_old",
        "window",
    ),
    (
        {"window_rule": {"kind": "fixed", "start": "2026-12-24", "end": "2026-12-26"}},
        "window_in_future",
        "window",
    ),
    ({"parameter_values": {"brand": 1}}, "unknown", "parameters.brand"),
    ({"catch_up_limit": 0}, "range", "catch_up_limit"),
    ({"catch_up_limit": 101}, "range", "catch_up_limit"),
    ({"dedup_window_minutes": -1}, "range", "dedup_window_minutes"),
    ({"dedup_window_minutes": 1_441}, "range", "dedup_window_minutes"),
    ({"max_failures": 0}, "range", "max_failures"),
    ({"max_attempts": 11}, "range", "max_attempts"),
    ({"time_limit_seconds": 899}, "range", "time_limit_seconds"),
    ({"time_limit_seconds": 86_401}, "range", "time_limit_seconds"),
]


@pytest.mark.parametrize(("change", "code", "field"), BAD_FIELDS)
def test_what_could_never_run_is_not_stored(
    change: dict[str, Any], code: str, field: str, workflow: Workflow, alice: User
):
    with pytest.raises(DomainError) as caught:
        create(workflow, user=alice, **change)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.message
    assert not Schedule.objects.exists()


def test_values_must_be_complete_by_the_first_run(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])

    with pytest.raises(DomainError) as caught:
        create(workflow, user=alice)
    create(workflow, user=alice, parameter_values={"brand": "Acme"})

    assert (caught.value.code, caught.value.field) == ("missing", "parameters.brand")


def test_a_connection_is_ones_own(workflow: Workflow, alice: User, bob: User):
    with pytest.raises(InvalidField) as caught:
        create(workflow, user=alice, connection=make_connection(bob))

    assert caught.value.field == "connection"
    own = create(workflow, user=alice, connection=alice.connections.get())
    assert own.connection == alice.connections.get()


# --- Editing -------------------------------------------------------------------------


def test_a_due_slot_gets_its_row_by_the_old_rule_first(target: Target, alice: User):
    with changing(alice, Change.Origin.API, now=NOON + MINUTE):
        edited = edit(
            target.schedule,
            user=alice,
            cron_expression="30 * * * *",
            window_rule={"kind": "last_days", "days": 1},
        )

    assert told(target) == [(NOON, "PENDING", "")]
    assert Run.objects.get().window_start.isoformat() == "2026-11-14"
    assert edited.next_run_at == NOON + 30 * MINUTE
    change = edited.history.latest("history_id")
    assert (change.history_user, change.cron_expression) == (alice, "30 * * * *")


CHANGES = [
    {"cron_expression": "*/5 * * * *"},
    {"cron_expression": "30 11 * * *"},
    {"cron_expression": "0 12 * * *"},
    {"timezone": "Asia/Tokyo"},
    {"timezone": "Asia/Kolkata"},
    {"cron_expression": "0 0 1 1 *", "timezone": "Pacific/Auckland"},
    {"missed_policy": "all"},
    {"missed_policy": "none"},
    {"overlap_policy": "allow"},
    {"name": "New"},
    {"window_rule": {"kind": "previous_week"}},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize(
    "late", [-MINUTE, timedelta(0), MINUTE, 90 * MINUTE, timedelta(days=3)]
)
def test_no_edit_starts_a_past_slot(
    change: dict[str, Any], late: timedelta, schedule: Schedule, alice: User
):
    """Whatever comes into being belongs to the old rule, and was due by it."""
    now = NOON + late
    due = {NOON + n * HOUR for n in range(73) if NOON + n * HOUR <= now}

    edited = edit(schedule, user=alice, now=now, **change)

    slots = set(Run.objects.values_list("scheduled_for", flat=True))
    assert slots <= due
    assert (NOON in slots) == (late >= timedelta(0))
    assert edited.next_run_at > now
    before = Run.objects.count()
    edit(edited, user=alice, now=now, name="Again")
    assert Run.objects.count() == before


def test_an_edit_that_keeps_the_rule_keeps_the_next_slot(
    schedule: Schedule, alice: User
):
    Schedule.objects.update(next_run_at=NOON + 3 * HOUR)

    edited = edit(schedule, user=alice, name="New")

    assert edited.next_run_at == NOON + 3 * HOUR


def test_a_paused_schedule_stays_paused_whatever_is_edited(
    workflow: Workflow, alice: User
):
    paused = make_schedule(
        workflow, is_active=False, next_run_at=None, paused_at=NOON - HOUR
    )

    edited = edit(paused, user=alice, cron_expression="*/5 * * * *")

    assert (edited.is_active, edited.next_run_at) == (False, None)
    assert not Run.objects.exists()


def test_runs_keep_what_they_were_born_with(target: Target, alice: User):
    run = waiting_run(target, "capacity", scheduled_for=NOON - HOUR)
    before = Run.objects.values().get()

    edit(
        target.schedule,
        user=alice,
        now=NOON - MINUTE,
        window_rule={"kind": "previous_month"},
        max_attempts=1,
        time_limit_seconds=900,
    )

    assert Run.objects.values().get(pk=run.pk) == before


def test_failures_before_an_edit_count_no_more(target: Target, alice: User):
    for hours in (3, 2):
        make_run(
            target,
            scheduled_for=NOON - hours * HOUR,
            created_at=NOON - hours * HOUR,
            state="FAILED",
            reason="query_failed",
            counts_failure=True,
            finished_at=NOON - hours * HOUR + MINUTE,
        )
    Target.objects.update(consecutive_failures=2)

    edit(target.schedule, user=alice, now=NOON - MINUTE, name="New")

    target.refresh_from_db()
    assert (target.consecutive_failures, target.counting_from) == (0, NOON - MINUTE)


def test_only_edits_of_people_raise_the_revision(schedule: Schedule, alice: User):
    claim([schedule.pk], now=NOON)
    pause_schedule(schedule.pk, user=alice, reason="", now=NOON + MINUTE)
    resume_schedule(schedule.pk, user=alice, now=NOON + 2 * MINUTE)
    schedule.refresh_from_db()
    before = schedule.revision

    edit(schedule, user=alice, now=NOON + 3 * MINUTE, name="New")

    assert (before, Schedule.objects.get().revision) == (1, 2)


def test_a_stale_edit_changes_nothing(target: Target, alice: User, ada: User):
    edit(target.schedule, user=ada, now=NOON - MINUTE, name="Ada's")

    with pytest.raises(StaleRevision) as caught:
        edit(target.schedule, user=alice, revision=1, name="Alice's")

    assert caught.value.current == 2
    assert Schedule.objects.get().name == "Ada's"
    assert told(target) == []


@pytest.mark.parametrize(("change", "code", "field"), BAD_FIELDS)
def test_a_bad_edit_changes_nothing_not_even_what_is_due(
    change: dict[str, Any], code: str, field: str, schedule: Schedule, alice: User
):
    before = Schedule.objects.values().get()

    with pytest.raises(DomainError) as caught:
        edit(schedule, user=alice, **change)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert Schedule.objects.values().get() == before
    assert not Run.objects.exists()


def test_an_edit_is_judged_for_every_target(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    other = make_instance(instance.account)
    make_target(schedule, other, parameter_values={"brand": "Other"})

    with pytest.raises(DomainError) as caught:
        edit(schedule, user=alice, now=NOON - MINUTE, parameter_values={})

    assert caught.value.field == "parameters.brand"


def test_a_hundred_targets_are_edited_with_the_queries_of_two(
    workflow: Workflow, account: Account, alice: User
):
    counts = []
    for number in (2, 100):
        instances = [make_instance(account) for _ in range(number)]
        schedule = make_schedule(workflow, *instances)
        with CaptureQueriesContext(database) as asked:
            edit(schedule, user=alice, now=NOON - MINUTE, name="New")
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_anothers_connection_may_stay_but_not_come(
    schedule: Schedule, connection: Connection, ada: User, bob: User
):
    Schedule.objects.update(connection=connection)

    kept = edit(schedule, user=ada, now=NOON - MINUTE, name="New")
    with pytest.raises(InvalidField):
        edit(schedule, user=ada, now=NOON - MINUTE, connection=make_connection(bob))
    own = edit(schedule, user=ada, now=NOON - MINUTE, connection=make_connection(ada))

    assert kept.connection == connection
    assert own.connection.owner == ada


def test_what_is_chosen_once_is_not_edited(schedule: Schedule, workflow: Workflow):
    other = make_workflow(workflow.instance, workflow.owner)

    with pytest.raises(InvalidField) as moved:
        refuse_fixed(schedule, {"workflow": other})
    with pytest.raises(InvalidField) as spread:
        refuse_fixed(schedule, {"instances": []})
    refuse_fixed(schedule, {"workflow": workflow, "name": "New"})

    assert (moved.value.field, spread.value.field) == ("workflow", "instances")


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_editing_needs_the_role_editor(
    who: str, schedule: Schedule, request: pytest.FixtureRequest
):
    with pytest.raises(NotPermitted):
        edit(schedule, user=request.getfixturevalue(who), name="New")


# --- Deleting ------------------------------------------------------------------------


def test_what_waits_is_cancelled_and_what_is_due_is_on_record(
    target: Target, ada: User
):
    waiting = [
        make_run(target, scheduled_for=NOON - 6 * HOUR),
        waiting_run(target, "capacity", scheduled_for=NOON - 5 * HOUR),
        waiting_run(target, "overlap", scheduled_for=NOON - 4 * HOUR),
        make_run(target, trigger="manual", scheduled_for=NOON - 3 * HOUR),
    ]
    retried = tried_run(target, scheduled_for=NOON - 2 * HOUR, exclusive=False)

    with changing(ada, Change.Origin.API, "no longer needed", now=NOON + MINUTE):
        delete(target.schedule, user=ada)

    ended = ("CANCELLED", "cancelled")
    assert [state_of(run) for run in [*waiting, retried]] == [ended] * 5
    assert told(target)[-1] == (NOON, "SKIPPED", "schedule_paused")
    schedule, target = Schedule.objects.get(), Target.objects.get()
    assert (schedule.deleted_at, target.deleted_at) == (NOON + MINUTE,) * 2
    assert (schedule.is_active, schedule.next_run_at) == (False, None)
    run = waiting[0]
    assert (run.cancel_requested_by, run.cancel_reason) == (ada, "deleted")
    change = schedule.history.latest("history_id")
    assert (change.history_user, change.history_change_reason) == (
        ada,
        "no longer needed",
    )


def test_a_run_at_amazon_stands_in_the_way(target: Target, ada: User):
    running = run_at_amazon(target, scheduled_for=NOON - HOUR)
    make_run(target, scheduled_for=NOON - 2 * HOUR, exclusive=False)
    before = list(Run.objects.order_by("id").values())

    with pytest.raises(StillRunning):
        delete(target.schedule, user=ada)

    assert list(Run.objects.order_by("id").values()) == before
    assert Schedule.objects.get().deleted_at is None
    assert running.execution.cancel_requested_at is None


def test_unless_it_shall_be_cancelled_too(target: Target, ada: User):
    running = run_at_amazon(target, scheduled_for=NOON - HOUR)

    delete(target.schedule, user=ada, cancel=True)

    execution = WorkflowExecution.objects.get()
    assert state_of(running) == ("RUNNING", "")
    assert running.cancel_requested_at == NOON + MINUTE
    assert (execution.cancel_requested_at, execution.cancel_reason) == (
        NOON + MINUTE,
        "deleted",
    )
    assert execution.next_poll_at == NOON + MINUTE
    assert Schedule.objects.get().deleted_at == NOON + MINUTE


@pytest.mark.parametrize("who", ["alice", "vic", "bob"])
def test_deleting_needs_the_role_admin(
    who: str, schedule: Schedule, request: pytest.FixtureRequest
):
    with pytest.raises(NotPermitted):
        delete(schedule, user=request.getfixturevalue(who))


def test_a_stale_deletion_deletes_nothing(schedule: Schedule, ada: User):
    Schedule.objects.update(revision=2)

    with pytest.raises(StaleRevision):
        delete(schedule, user=ada, revision=1)
    delete(schedule, user=ada, revision=2)

    assert Schedule.objects.get().deleted_at is not None


def test_nobody_deletes_or_edits_it_twice(schedule: Schedule, ada: User):
    delete(schedule, user=ada)

    with pytest.raises(Schedule.DoesNotExist):
        delete(schedule, user=ada)
    with pytest.raises(Schedule.DoesNotExist):
        edit(schedule, user=ada, name="New")


def test_a_paused_schedule_can_be_deleted(workflow: Workflow, ada: User):
    since = NOON - HOUR
    paused = make_schedule(workflow, is_active=False, next_run_at=None, paused_at=since)

    delete(paused, user=ada)

    paused.refresh_from_db()
    assert (paused.paused_at, paused.deleted_at) == (since, NOON + MINUTE)


# --- Beside others -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_of_one_revision_the_second_is_stale(
    committed_db: None, schedule: Schedule, alice: User
):
    with (
        held_elsewhere(schedule) as rival,
        meanwhile(
            lambda: edit(
                schedule, user=alice, now=NOON - MINUTE, revision=1, name="Late"
            )
        ) as late,
    ):
        rival.execute("UPDATE workflow_schedules SET revision = 2, name = 'First'")
        rival.db.commit()

    assert isinstance(late.exception(), StaleRevision)
    assert Schedule.objects.get().name == "First"


@pytest.mark.django_db(transaction=True)
def test_an_edit_waits_for_a_claim_and_sees_what_it_did(
    committed_db: None, target: Target, alice: User
):
    """Between the claim's row and its move of the calendar there is no gap."""
    with (
        held_elsewhere(target.schedule) as rival,
        meanwhile(
            lambda: edit(target.schedule, user=alice, cron_expression="30 * * * *")
        ),
    ):
        rival.execute("UPDATE workflow_schedules SET next_run_at = %s", [NOON + HOUR])
        rival.db.commit()

    assert told(target) == []
    assert Schedule.objects.get().next_run_at == NOON + 30 * MINUTE


@pytest.mark.django_db(transaction=True)
def test_a_workflow_that_is_being_deleted_gets_no_schedule(
    committed_db: None, workflow: Workflow, alice: User
):
    with (
        held_elsewhere(workflow) as rival,
        meanwhile(lambda: create(workflow, user=alice)) as late,
    ):
        rival.execute("UPDATE workflows SET deleted_at = %s", [NOON])
        rival.db.commit()

    assert isinstance(late.exception(), Workflow.DoesNotExist)
    assert not Schedule.objects.exists()


def test_edits_of_different_fields_both_survive(schedule: Schedule, alice: User):
    edit(schedule, user=alice, name="By one person")
    edit(schedule, user=alice, dedup_window_minutes=30)

    schedule.refresh_from_db()
    assert (schedule.name, schedule.dedup_window_minutes) == ("By one person", 30)
    assert schedule.revision == 3
