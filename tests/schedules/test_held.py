"""Which schedules a held connection keeps waiting."""

from __future__ import annotations

from instances.alarms import open_alarms
from instances.connections import hold
from instances.models import Account, Connection, User
from schedules.health import check_schedule_health
from schedules.held import affected_by
from schedules.models import Schedule
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_schedule,
    make_target,
    make_workflow,
)
from workflows.models import Workflow


def affected(*schedules: Schedule) -> list[Schedule]:
    found = affected_by(list(open_alarms()), [each.pk for each in schedules])
    return [Schedule.objects.get(pk=each.schedule_id) for each in found]


def test_schedules_that_name_it_and_those_of_its_owner(
    schedule: Schedule, workflow: Workflow, connection: Connection, bob: User
):
    other = make_workflow(workflow.instance, bob)
    chosen = make_schedule(other, connection=connection)
    of_bob = make_schedule(other)
    hold(connection.pk, "revoked", now=NOON)

    assert affected(schedule, chosen, of_bob) == [schedule, chosen]


def test_who_has_another_connection_for_the_account_is_not_affected(
    schedule: Schedule, connection: Connection, account: Account, alice: User
):
    connection.accounts.clear()
    make_connection(alice, account)
    hold(connection.pk, "revoked", now=NOON)

    assert affected(schedule) == []


def test_one_target_is_enough(schedule: Schedule, connection: Connection, alice: User):
    other = make_account()
    second = make_connection(alice, other)
    hold(second.pk, "revoked", now=NOON)
    assert affected(schedule) == []

    make_target(schedule, make_instance(other))

    assert affected(schedule) == [schedule]


def test_a_hold_that_was_lifted_affects_nobody(
    schedule: Schedule, connection: Connection
):
    hold(connection.pk, "revoked", now=NOON)
    open_alarms().update(ended_at=NOON)

    assert affected(schedule) == []


def test_the_alarm_is_told_with_all_that_it_affects(
    schedule: Schedule, connection: Connection
):
    hold(connection.pk, "revoked", now=NOON)

    health = check_schedule_health(NOON)

    (alarm,), (waiting,) = health.alarms, health.affected
    assert alarm.code == "connection_held"
    assert (waiting.alarm_id, waiting.schedule_id, waiting.name) == (
        alarm.pk,
        schedule.pk,
        schedule.name,
    )
