"""`manage.py schedule_health`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from instances.alarms import raise_alarm
from instances.heartbeats import beat
from instances.holds import hold
from instances.models import User
from schedules.models import Run, Schedule, Target
from tests.makers import NOON, make_run
from tests.schedules.clock import stopped_clock
from tests.schedules.commands import run

pytestmark = pytest.mark.usefixtures("_at_noon")


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def fail_three(target: Target) -> None:
    for hours in (1, 2, 3):
        made = make_run(target, scheduled_for=NOON - timedelta(hours=hours))
        Run.objects.filter(pk=made.pk).update(
            state="FAILED", reason="sql_invalid", next_action_at=None, finished_at=NOON
        )


def test_when_all_is_well_the_exit_code_is_0(schedule: Schedule):
    beat("tick", now=NOON - timedelta(seconds=7))

    ended = run("schedule_health")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "The last tick was 7 s ago.\nHealthy.\n"


def test_it_says_when_there_was_no_tick(db: None):
    assert "There has been no tick yet." in run("schedule_health").err


def test_failing_and_stalled_schedules_and_alarms_are_critical(target: Target):
    fail_three(target)
    Schedule.objects.update(next_run_at=NOON - timedelta(hours=1))
    raise_alarm("connection_held", "connection 7", {"reason": "revoked"}, now=NOON)
    Run.objects.update(created_at=NOON - timedelta(hours=2))

    ended = run("schedule_health", "--json")

    assert ended.code == 1
    assert ended.document["schema"] == "amc.schedules.health/1"
    assert ended.document["is_healthy"] is False
    assert [item["kind"] for item in ended.items] == ["alarm", "stalled", "failing"]
    assert all(item["is_critical"] for item in ended.items)
    assert ended.items[2]["detail"] == "3 of 3 runs failed"
    assert ended.items[2]["schedule"] == target.schedule_id


def test_the_table_has_a_line_for_each(target: Target):
    fail_three(target)

    ended = run("schedule_health")

    assert len(ended.out.splitlines()) == 2
    assert "Something needs a person." in ended.err


def test_thresholds_can_be_given(target: Target):
    fail_three(target)
    Run.objects.update(created_at=NOON - timedelta(days=2))

    assert run("schedule_health").code == 1
    assert run("schedule_health", "--failures-within", "1d").code == 0
    assert run("schedule_health", "--failures-within", "never").code == 2


def test_what_a_held_connection_blocks_is_named(schedule: Schedule, alice: User):
    held = alice.connections.get()
    hold(held.pk, "revoked", now=NOON)

    ended = run("schedule_health", "--json")

    alarm, blocked = ended.items
    assert alarm["detail"].endswith("revoked; 1 schedule waits")
    assert (blocked["kind"], blocked["schedule"]) == ("blocked", schedule.pk)
    (listed,) = run("list_active_schedules", "--json").items
    assert listed["health"] == "blocked"
