"""The seventh promise: people's changes never start a past slot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from instances.models import Instance, User
from schedules import lifecycle, pausing, targets, triggering
from schedules.models import Run, Schedule, Target
from tests.makers import NOON, make_instance, make_schedule
from workflows.models import Workflow

HOUR = timedelta(hours=1)
LATER = NOON + 3.5 * HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(workflow: Workflow) -> Schedule:
    """Every hour; its next slot is an hour after NOON."""
    return make_schedule(workflow, next_run_at=NOON + HOUR)


def slots_of(schedule: Schedule) -> list[tuple[datetime, str, str]]:
    """Slot, state and reason of its runs of slots."""
    runs = Run.objects.filter(schedule=schedule, trigger="schedule")
    return list(
        runs.order_by("scheduled_for", "target").values_list(
            "scheduled_for", "state", "reason"
        )
    )


def next_slot(schedule: Schedule) -> datetime | None:
    schedule.refresh_from_db()
    return schedule.next_run_at


def edited(schedule: Schedule, user: User, now: datetime, **changes: Any) -> None:
    lifecycle.edit_schedule(schedule.pk, changes, user=user, revision=None, now=now)


def test_a_resumed_schedule_goes_on_after_now(schedule: Schedule, alice: User):
    pausing.pause_schedule(schedule.pk, user=alice, reason="Holidays", now=NOON)

    pausing.resume_schedule(schedule.pk, user=alice, now=LATER)

    assert next_slot(schedule) == NOON + 4 * HOUR
    assert slots_of(schedule) == []


def test_a_pause_skips_what_was_due_already(schedule: Schedule, alice: User):
    pausing.pause_schedule(
        schedule.pk, user=alice, reason="", now=NOON + HOUR + timedelta(seconds=5)
    )

    assert slots_of(schedule) == [(NOON + HOUR, "SKIPPED", "schedule_paused")]


def test_a_resumed_target_joins_at_the_next_slot(
    schedule: Schedule, instance: Instance, alice: User
):
    target = schedule.targets.get()
    pausing.pause_target(target.pk, user=alice, reason="", now=NOON)

    pausing.resume_target(target.pk, user=alice, now=LATER)

    assert next_slot(schedule) == NOON + 4 * HOUR
    assert {state for _, state, _ in slots_of(schedule)} == {"SKIPPED"}


def test_a_new_rule_begins_after_now(schedule: Schedule, alice: User):
    edited(schedule, alice, NOON, cron_expression="30 11 * * *")

    assert next_slot(schedule) == NOON + 23.5 * HOUR
    assert slots_of(schedule) == []


def test_a_slot_that_is_due_keeps_the_old_rule(schedule: Schedule, alice: User):
    just_after = NOON + HOUR + timedelta(seconds=5)

    edited(schedule, alice, just_after, cron_expression="30 11 * * *")

    assert slots_of(schedule) == [(NOON + HOUR, "PENDING", "")]
    assert next_slot(schedule) == NOON + 23.5 * HOUR


def test_another_name_moves_nothing(schedule: Schedule, alice: User):
    edited(schedule, alice, NOON, name="Another name")

    assert next_slot(schedule) == NOON + HOUR


def test_a_new_target_gets_no_slot_that_was_due_before_it(
    schedule: Schedule, alice: User
):
    newcomer = make_instance(schedule.account)
    just_after = NOON + HOUR + timedelta(seconds=5)

    target = targets.add_target(
        schedule.pk, instance=newcomer, user=alice, now=just_after
    )

    assert not Run.objects.filter(target=target).exists()
    assert slots_of(schedule) == [(NOON + HOUR, "PENDING", "")]
    assert next_slot(schedule) == NOON + 2 * HOUR


def test_a_run_by_hand_moves_no_slot(target: Target, alice: User):
    before = next_slot(target.schedule)

    triggering.trigger_schedule(target.schedule.pk, user=alice, now=NOON - HOUR)

    assert next_slot(target.schedule) == before
    assert slots_of(target.schedule) == []
