"""Runs that wait for a credential, and what becomes of them when it is back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.models import Connection, LwaApplication, User
from schedules.models import Run, Schedule, Target
from schedules.queue.credentials import hold_queued, release
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_execution,
    make_instance,
    make_run,
    make_schedule,
    make_target,
    make_user,
)
from tests.rivals import held_elsewhere

pytestmark = pytest.mark.usefixtures("invariants_hold")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def hold(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(held_at=NOON)


def let_go(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(held_at=None)


def waiting(target: Target, hours_ago: int = 0, **changes) -> Run:
    """A run that waits for a credential, of the slot so many hours ago."""
    values = {
        "scheduled_for": NOON - hours_ago * HOUR,
        "state": "WAITING",
        "reason": "credential",
        "give_up_at": NOON + 30 * DAY,
    }
    return make_run(target, **values | changes)


def asked_before(run: Run, reason: str = "credential") -> None:
    """The run waits, and has an execution that Amazon has none of."""
    make_execution(
        run,
        state="NOT_SUBMITTED",
        reason="credential",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=False,
    )
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason=reason, next_action_at=NOON, give_up_at=NOON + DAY
    )


def fates(*runs: Run) -> list[str]:
    """What became of the runs: state, or reason where it says more."""
    found = []
    for run in runs:
        run.refresh_from_db()
        found.append(run.reason or run.state)
    return found


# --- R6 -------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["held", "deleted", "application"])
@pytest.mark.parametrize("reason", ["capacity", "throttled", "retry"])
def test_what_is_queued_waits_for_the_credential(target: Target, reason, cause):
    if reason == "capacity":
        run = make_run(target, state="WAITING", reason=reason)
    else:
        asked_before(run := make_run(target), reason)
    match cause:
        case "held":
            hold(run.connection)
        case "deleted":
            Connection.objects.update(deleted_at=NOON)
        case "application":
            LwaApplication.objects.update_or_create(id=1, defaults={"held_at": NOON})

    held = hold_queued(now=NOON)

    run.refresh_from_db()
    assert held == 1
    assert (run.state, run.reason) == ("WAITING", "credential")
    assert run.next_action_at == NOON
    assert run.give_up_at == NOON + 30 * DAY


@pytest.mark.parametrize(
    "place",
    [
        {"state": "PENDING"},
        {"state": "WAITING", "reason": "overlap"},
        {"state": "WAITING", "reason": "credential"},
    ],
)
def test_only_what_is_queued_is_held(target: Target, connection, place):
    run = make_run(target, **place)
    hold(connection)

    assert hold_queued(now=NOON) == 0
    assert Run.objects.get(pk=run.pk).reason == place.get("reason", "")


def test_runs_of_other_connections_stay_in_the_queue(target: Target, connection):
    other = make_connection(make_user(), held_at=NOON)
    make_run(target, state="WAITING", reason="capacity")

    assert other.held_at
    assert hold_queued(now=NOON) == 0


# --- R7 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "limit", "expected"),
    [
        ("latest", 10, ["missed", "missed", "missed", "PENDING"]),
        ("none", 10, ["missed", "missed", "missed", "missed"]),
        ("all", 10, ["PENDING", "overlap", "overlap", "overlap"]),
        ("all", 2, ["missed", "missed", "PENDING", "overlap"]),
        ("all", 1, ["missed", "missed", "missed", "PENDING"]),
    ],
)
def test_released_slots_follow_the_missed_policy(
    target: Target, policy, limit, expected
):
    Schedule.objects.update(missed_policy=policy, catch_up_limit=limit)
    runs = [waiting(target, hours_ago) for hours_ago in (4, 3, 2, 1)]

    released = release(now=NOON)

    assert released == 4
    assert fates(*runs) == expected


def test_each_fate_is_written_whole(target: Target):
    Schedule.objects.update(missed_policy="all", catch_up_limit=2)
    missed, first, second = (waiting(target, hours_ago) for hours_ago in (3, 2, 1))

    release(now=NOON)

    fates(missed, first, second)
    assert (missed.state, missed.finished_at) == ("SKIPPED", NOON)
    assert missed.next_action_at is None
    assert (first.state, first.next_action_at) == ("PENDING", NOON)
    assert first.give_up_at is None
    assert second.state == "WAITING"
    assert second.next_action_at == NOON + timedelta(seconds=30)
    assert second.give_up_at == NOON + DAY


def test_caught_up_slots_go_in_turn_even_where_runs_may_overlap(target: Target):
    Schedule.objects.update(missed_policy="all", overlap_policy="allow")
    runs = [waiting(target, hours, exclusive=False) for hours in (2, 1)]

    release(now=NOON)

    assert fates(*runs) == ["PENDING", "overlap"]
    assert all(run.exclusive for run in runs)


@pytest.mark.parametrize("policy", ["latest", "all", "none"])
@pytest.mark.parametrize("trigger", ["manual", "retry", "backfill", "test"])
def test_what_people_asked_for_always_goes_on(target: Target, policy, trigger):
    Schedule.objects.update(missed_policy=policy)
    runs = [waiting(target, hours, trigger=trigger) for hours in (2, 1)]

    release(now=NOON)

    assert fates(*runs) == ["PENDING", "PENDING"]


@pytest.mark.parametrize("policy", ["latest", "all", "none"])
def test_a_run_that_had_an_execution_always_goes_on(target: Target, policy):
    Schedule.objects.update(missed_policy=policy)
    begun = make_run(target, scheduled_for=NOON - 3 * HOUR)
    asked_before(begun)
    newer = waiting(target, 1)

    release(now=NOON)

    assert fates(begun) == ["PENDING"]
    assert fates(newer) == ["missed" if policy == "none" else "PENDING"]


def test_a_run_without_schedule_goes_on_with_its_owners_connection(target: Target):
    runs = [waiting(target, hours, trigger="test") for hours in (2, 1)]
    Run.objects.update(schedule=None, target=None, connection=None)

    release(now=NOON)

    assert fates(*runs) == ["PENDING", "PENDING"]
    assert runs[0].connection.owner_id == runs[0].owner_id


def test_each_target_keeps_its_own_newest(workflow, target: Target):
    other = _second_target(target)
    runs = [waiting(one, hours) for one in (target, other) for hours in (2, 1)]

    release(now=NOON)

    assert fates(*runs) == ["missed", "PENDING"] * 2


def test_more_targets_than_fit_into_one_batch_are_released(target: Target, monkeypatch):
    monkeypatch.setattr("schedules.queue.credentials.TARGETS_AT_A_TIME", 1)
    runs = [waiting(target), waiting(_second_target(target))]

    assert release(now=NOON) == 2
    assert fates(*runs) == ["PENDING", "PENDING"]


def _second_target(target: Target) -> Target:
    return make_target(target.schedule, make_instance(target.instance.account))


@pytest.mark.django_db(transaction=True)
def test_a_run_that_somebody_moves_is_passed_over(target: Target):
    """A pause moves many runs in an order of its own: nobody may wait for the other."""
    held_run, free_run = waiting(target, 1), waiting(_second_target(target))

    with held_elsewhere(held_run):
        assert release(now=NOON) == 1

    assert fates(held_run, free_run) == ["credential", "PENDING"]


# --- which connection -----------------------------------------------------------


def test_nothing_is_released_while_the_connection_is_held(target: Target, connection):
    run = waiting(target)
    hold(connection)

    assert release(now=NOON) == 0

    let_go(connection)
    assert release(now=NOON) == 1
    assert fates(run) == ["PENDING"]


def test_nothing_is_released_while_the_application_is_held(target: Target):
    waiting(target)
    LwaApplication.objects.update_or_create(id=1, defaults={"held_at": NOON})

    assert release(now=NOON) == 0


def test_only_the_account_that_is_listed_by_a_usable_connection_is_released(
    target: Target, connection
):
    elsewhere = make_account()
    make_connection(connection.owner, elsewhere, held_at=NOON)
    other = make_target(target.schedule, make_instance(elsewhere))
    runs = [waiting(target), waiting(other)]

    assert release(now=NOON) == 1
    assert fates(*runs) == ["PENDING", "credential"]


def test_who_chose_a_held_connection_is_not_released_with_the_others(
    target: Target, workflow, alice: User
):
    held = make_connection(alice, target.instance.account, held_at=NOON)
    choosy = make_schedule(workflow, connection=held)
    runs = [waiting(target), waiting(choosy.targets.get())]

    assert release(now=NOON) == 1
    assert fates(*runs) == ["PENDING", "credential"]


def test_a_run_born_without_connection_gets_the_one_made_since(
    target: Target, connection
):
    run = waiting(target, connection=None)

    release(now=NOON)

    fates(run)
    assert run.connection_id == connection.pk


def test_the_schedules_own_connection_comes_first(target: Target, alice: User):
    own = make_connection(alice)
    Schedule.objects.update(connection=own)
    run = waiting(target)

    release(now=NOON)

    fates(run)
    assert run.connection_id == own.pk


def test_a_schedules_held_connection_is_not_replaced_by_another(
    target: Target, alice: User
):
    Schedule.objects.update(connection=make_connection(alice, held_at=NOON))
    waiting(target)

    assert release(now=NOON) == 0


def test_a_schedules_deleted_connection_gives_way_to_its_owners(
    target: Target, alice: User, connection
):
    Schedule.objects.update(connection=make_connection(alice, deleted_at=NOON))
    run = waiting(target)

    release(now=NOON)

    fates(run)
    assert run.connection_id == connection.pk


@pytest.mark.parametrize("is_first_held", [True, False])
def test_the_connection_is_one_that_lists_the_account(
    target: Target, alice: User, connection, is_first_held
):
    elsewhere = make_connection(alice, make_account())
    second = make_connection(alice, target.instance.account)
    if is_first_held:
        hold(connection)
    run = waiting(target)

    release(now=NOON)

    fates(run)
    assert run.connection_id == (second.pk if is_first_held else connection.pk)
    assert run.connection_id != elsewhere.pk


def test_a_connection_that_does_not_list_the_account_is_no_substitute(
    target: Target, alice: User, connection
):
    make_connection(alice, make_account())
    hold(connection)
    waiting(target)

    assert release(now=NOON) == 0


def test_somebody_elses_connection_is_never_used(target: Target, connection):
    make_connection(make_user(), target.instance.account)
    hold(connection)
    waiting(target)

    assert release(now=NOON) == 0
