"""Targets as people add, edit and remove them."""

from __future__ import annotations

from typing import Any

import pytest

from instances.changelog import changing
from instances.errors import (
    AccountMissing,
    DomainError,
    NotPermitted,
    StaleRevision,
)
from instances.models import Change, Instance, Role, User
from schedules.errors import InvalidField, StillRunning
from schedules.models import Run, Schedule, Target
from schedules.targets import add_target, edit_target, remove_target
from tests.makers import (
    NOON,
    make_account,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_target,
    make_workflow,
)
from tests.schedules.histories import (
    HOUR,
    MINUTE,
    run_at_amazon,
    state_of,
    told,
    waiting_run,
)

pytestmark = pytest.mark.usefixtures("invariants_hold")
LATER = NOON + MINUTE
BRAND = {"name": "brand", "dataType": "STRING"}


@pytest.fixture
def extra(instance: Instance) -> Instance:
    return make_instance(instance.account)


def revision() -> int:
    return Schedule.objects.get().revision


# --- Adding --------------------------------------------------------------------------


def test_a_new_target_begins_with_the_next_slot(
    target: Target, extra: Instance, alice: User
):
    with changing(alice, Change.Origin.API, now=LATER):
        added = add_target(
            target.schedule_id, instance=extra, timezone="UTC", user=alice, now=LATER
        )

    assert told(target) == [(NOON, "PENDING", "")]
    assert told(added) == []
    assert (added.counting_from, added.timezone) == (LATER, "UTC")
    assert revision() == 2
    change = added.history.get()
    assert (change.history_user, change.history_type) == (alice, "+")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"timezone": "Mars/Phobos"}, "unknown_timezone", "timezone"),
        ({"parameter_values": {"brand": "x"}}, "unknown", "parameters.brand"),
        ({"parameter_values": {"b": {"expr": "x"}}}, "expression", "parameters.b"),
    ],
)
def test_what_could_never_run_is_not_added(
    fields: dict[str, Any],
    code: str,
    field: str,
    target: Target,
    extra: Instance,
    alice: User,
):
    with pytest.raises(DomainError) as caught:
        add_target(target.schedule_id, instance=extra, user=alice, now=LATER, **fields)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert Target.objects.count() == 1
    assert revision() == 1
    assert not Run.objects.exists()


def test_an_instance_is_a_target_once_but_may_come_back(
    target: Target, instance: Instance, alice: User
):
    with pytest.raises(InvalidField) as caught:
        add_target(target.schedule_id, instance=instance, user=alice, now=LATER)
    remove_target(target.pk, user=alice, now=LATER)
    again = add_target(target.schedule_id, instance=instance, user=alice, now=LATER)

    assert (caught.value.code, caught.value.field) == ("duplicate", "instance")
    assert again.pk != target.pk


def test_an_instance_without_account_is_no_target(schedule: Schedule, alice: User):
    with pytest.raises(AccountMissing) as caught:
        add_target(schedule.pk, instance=make_instance(None), user=alice, now=LATER)

    assert caught.value.field == "instance"


def test_adding_needs_the_role_editor_in_both_accounts(
    schedule: Schedule, extra: Instance, alice: User, vic: User
):
    elsewhere = make_instance(make_account())
    make_member(vic, elsewhere.account, Role.EDITOR)

    with pytest.raises(NotPermitted):
        add_target(schedule.pk, instance=elsewhere, user=alice, now=LATER)
    with pytest.raises(NotPermitted):
        add_target(schedule.pk, instance=elsewhere, user=vic, now=LATER)
    make_member(alice, elsewhere.account, Role.EDITOR)
    added = add_target(schedule.pk, instance=elsewhere, user=alice, now=LATER)

    assert added.instance == elsewhere


# --- Editing -------------------------------------------------------------------------


def test_a_due_slot_keeps_the_old_zone_and_values(instance: Instance, alice: User):
    workflow = make_workflow(instance, alice, parameters=[BRAND])
    schedule = make_schedule(workflow, parameter_values={"brand": "Acme"})
    target = schedule.targets.get()

    edited = edit_target(
        target.pk,
        user=alice,
        now=LATER,
        timezone="Asia/Tokyo",
        parameter_values={"brand": "Other"},
    )

    run = Run.objects.get()
    assert (run.window_timezone, run.parameter_values) == ("UTC", {"brand": "Acme"})
    assert (edited.timezone, edited.parameter_values) == (
        "Asia/Tokyo",
        {"brand": "Other"},
    )
    assert Schedule.objects.get().next_run_at == NOON + HOUR
    assert revision() == 2


def test_what_is_not_named_stays(target: Target, alice: User):
    Target.objects.update(timezone="Asia/Tokyo")

    edited = edit_target(target.pk, user=alice, now=LATER, parameter_values={})

    assert edited.timezone == "Asia/Tokyo"
    assert edit_target(target.pk, user=alice, now=LATER, timezone="").timezone == ""


def test_failures_before_an_edit_count_no_more(target: Target, alice: User):
    edited = edit_target(target.pk, user=alice, now=LATER, timezone="UTC")

    assert (edited.consecutive_failures, edited.counting_from) == (0, LATER)


def test_a_target_stays_on_its_instance(
    target: Target, instance: Instance, extra: Instance, alice: User
):
    with pytest.raises(InvalidField) as caught:
        edit_target(target.pk, user=alice, now=LATER, instance=extra)

    assert caught.value.field == "instance"
    edit_target(target.pk, user=alice, now=LATER, instance=instance, timezone="UTC")


def test_editing_needs_the_role_editor_in_the_targets_account(
    schedule: Schedule, alice: User, vic: User
):
    elsewhere = make_target(schedule, make_instance(make_account()))

    for user in (alice, vic):
        with pytest.raises(NotPermitted):
            edit_target(elsewhere.pk, user=user, now=LATER, timezone="UTC")
        with pytest.raises(NotPermitted):
            remove_target(elsewhere.pk, user=user, now=LATER)
    assert revision() == 1


def test_the_revision_is_the_schedules(target: Target, alice: User):
    edit_target(target.pk, user=alice, now=LATER, revision=1, timezone="UTC")

    with pytest.raises(StaleRevision):
        edit_target(target.pk, user=alice, now=LATER, revision=1, timezone="")
    with pytest.raises(StaleRevision):
        remove_target(target.pk, user=alice, now=LATER, revision=1)
    remove_target(target.pk, user=alice, now=LATER, revision=2)


# --- Removing ------------------------------------------------------------------------


def test_what_waits_is_cancelled_and_the_due_slot_runs_no_more(
    target: Target, alice: User
):
    waiting = waiting_run(target, "capacity", scheduled_for=NOON - HOUR)

    remove_target(target.pk, user=alice, now=LATER)

    target.refresh_from_db()
    assert target.deleted_at == LATER
    assert state_of(waiting) == ("CANCELLED", "cancelled")
    assert {state for _, state, _ in told(target)} <= {"CANCELLED", "SKIPPED"}
    assert [slot for slot, _, _ in told(target)] == [NOON - HOUR, NOON]


def test_the_others_go_on(target: Target, extra: Instance, alice: User):
    other = make_target(target.schedule, extra)
    make_run(other, scheduled_for=NOON - HOUR)

    remove_target(target.pk, user=alice, now=LATER)

    assert [state for _, state, _ in told(other)] == ["PENDING", "SKIPPED"]
    assert Schedule.objects.get().is_active


def test_a_run_at_amazon_stands_in_the_way_unless_it_shall_be_cancelled(
    target: Target, alice: User
):
    running = run_at_amazon(target, scheduled_for=NOON - HOUR)

    with pytest.raises(StillRunning):
        remove_target(target.pk, user=alice, now=LATER)
    remove_target(target.pk, user=alice, cancel=True, now=LATER)

    assert state_of(running) == ("RUNNING", "")
    assert running.cancel_requested_at == LATER


def test_nobody_removes_it_twice(target: Target, alice: User):
    remove_target(target.pk, user=alice, now=LATER)

    for deed in (
        lambda: remove_target(target.pk, user=alice, now=LATER),
        lambda: edit_target(target.pk, user=alice, now=LATER, timezone="UTC"),
    ):
        with pytest.raises(Target.DoesNotExist):
            deed()
