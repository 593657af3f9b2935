"""Who gets a free place at Amazon next."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import chain, count
from random import Random

import pytest
from django.db.models import Count

from instances.models import Account, Instance, LwaApplication
from schedules.models import Run, Target
from schedules.queue.admission import admit, pass_until_dry
from tests.makers import (
    NOON,
    make_account,
    make_execution,
    make_instance,
    make_run,
    make_schedule,
    make_target,
)
from tests.rivals import held_elsewhere, in_threads
from workflows.models import WorkflowExecution
from workflows.states import PLACE_STATES

pytestmark = pytest.mark.usefixtures("invariants_hold")

MINUTE = timedelta(minutes=1)
ages = count(1)


def queued(target: Target, **changes) -> Run:
    """A run that waits for a place, each made later than the one before."""
    turn = NOON - timedelta(hours=10) + timedelta(seconds=next(ages))
    values = {
        "state": "WAITING",
        "reason": "capacity",
        "trigger": "manual",
        "exclusive": False,
        "next_action_at": turn,
    }
    return make_run(target, **values | changes)


def many(target: Target, number: int, **changes) -> list[Run]:
    return [queued(target, **changes) for _ in range(number)]


def places_taken() -> Counter[int]:
    """Executions that take a place, by instance."""
    taken = WorkflowExecution.objects.filter(state__in=PLACE_STATES)
    return Counter(taken.values_list("instance_id", flat=True))


def end(*execution_ids: int) -> None:
    WorkflowExecution.objects.filter(pk__in=execution_ids).update(
        state="FAILED",
        reason="unknown",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )


@pytest.fixture
def neighbour(target: Target, account: Account) -> Target:
    """A target of the same schedule on another instance of the account."""
    return make_target(target.schedule, make_instance(account))


@pytest.fixture
def stranger(target: Target) -> Target:
    """A target on an instance of another account."""
    return make_target(target.schedule, make_instance(make_account()))


def test_a_run_with_a_place_gets_an_execution_that_says_what_to_ask(
    target: Target, settings
):
    settings.INSTALLATION_ID = "test9"
    run = queued(
        target,
        parameter_values={"asin": ["B01"]},
        window_timezone="Europe/London",
        time_limit_seconds=3600,
        message="an older trouble",
        give_up_at=None,
    )

    (admitted,) = admit(now=NOON)

    run.refresh_from_db()
    execution = run.execution
    assert (run.state, run.reason, run.message) == ("RUNNING", "", "")
    assert (run.started_at, run.next_action_at) == (NOON, None)
    assert admitted.execution_id == execution.pk
    assert admitted.run_id == run.pk
    assert execution.state == "SUBMITTING"
    assert execution.mark.startswith(f"test9-{run.pk}-")
    assert len(execution.mark.rpartition("-")[2]) == 8
    assert (execution.attempt, execution.attempts_used) == (1, 0)
    assert execution.next_poll_at == NOON + MINUTE
    assert execution.deadline_at == NOON + timedelta(hours=24)
    assert execution.parameter_values == {"asin": ["B01"]}
    assert execution.time_limit_seconds == 3600
    for name in (
        "workflow_version_id",
        "instance_id",
        "account_id",
        "connection_id",
        "owner_id",
        "priority",
        "window_start",
        "window_end",
        "window_timezone",
    ):
        assert getattr(execution, name) == getattr(run, name)


@pytest.mark.parametrize(("uses", "used"), [(True, 1), (False, 0)])
def test_another_attempt_continues_the_chain(target: Target, uses, used):
    run = make_run(target)
    first = make_execution(
        run,
        state="NOT_SUBMITTED",
        reason="not_found",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=uses,
    )
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason="retry", next_action_at=NOON + MINUTE
    )

    assert admit(now=NOON) == []
    admit(now=NOON + MINUTE)

    run.refresh_from_db()
    assert run.execution.retry_of_id == first.pk
    assert (run.execution.attempt, run.execution.attempts_used) == (2, used)
    assert run.started_at == NOON
    assert run.execution.mark != first.mark


def test_an_attempt_is_not_older_than_the_end_of_the_one_before(target: Target):
    run = make_run(target)
    make_execution(
        run,
        state="NOT_SUBMITTED",
        reason="not_found",
        ended_at=NOON,
        next_poll_at=None,
        uses_attempt=True,
    )
    Run.objects.filter(pk=run.pk).update(
        state="WAITING", reason="retry", next_action_at=NOON - MINUTE
    )

    admit(now=NOON - MINUTE)

    run.refresh_from_db()
    assert run.execution.created_at == NOON


def test_an_instance_runs_no_more_than_it_may(target: Target):
    runs = many(target, 14)

    admitted = pass_until_dry(now=NOON)

    assert {one.run_id for one in admitted} == {run.pk for run in runs[:10]}


def test_an_account_runs_no_more_than_it_may(target: Target, neighbour: Target):
    Account.objects.update(max_running=7)
    many(target, 10)
    many(neighbour, 10)

    pass_until_dry(now=NOON)

    assert places_taken() == {target.instance_id: 4, neighbour.instance_id: 3}


def test_executions_that_are_collected_take_no_place(target: Target):
    Instance.objects.update(max_running=1)
    run = make_run(target)
    execution = make_execution(run)
    queued(target)

    assert admit(now=NOON) == []

    WorkflowExecution.objects.filter(pk=execution.pk).update(
        state="COLLECTING", sending_at=NOON, amc_execution_id="e1"
    )
    assert len(admit(now=NOON + MINUTE)) == 1


def test_two_backfills_at_most_run_on_an_instance(target: Target):
    many(target, 5, priority=1)

    pass_until_dry(now=NOON)

    assert places_taken() == {target.instance_id: 2}


def test_live_slots_go_before_older_backfills(target: Target):
    Instance.objects.update(max_running=3)
    many(target, 2, priority=1)
    live = many(target, 3)

    admitted = pass_until_dry(now=NOON)

    assert {one.run_id for one in admitted} == {run.pk for run in live}


def test_the_longest_waiting_goes_first(target: Target):
    Instance.objects.update(max_running=1)
    late = queued(target, next_action_at=NOON - MINUTE)
    early = queued(target, next_action_at=NOON - 2 * MINUTE)

    (admitted,) = admit(now=NOON)

    assert (admitted.run_id, late.state) == (early.pk, "WAITING")


def test_instances_of_an_account_are_served_in_turn(target: Target, neighbour: Target):
    Account.objects.update(max_running=4)
    many(target, 10)
    many(neighbour, 10)

    pass_until_dry(now=NOON)

    assert set(places_taken().values()) == {2}


def test_an_account_gets_ten_at_a_time(target: Target, neighbour: Target):
    many(target, 8)
    many(neighbour, 8)

    assert len(admit(now=NOON)) == 10
    assert admit(now=NOON) == []
    assert len(admit(now=NOON + MINUTE)) == 6


def test_an_account_is_served_at_any_time_when_it_is_named(
    target: Target, stranger: Target
):
    run = queued(target)
    queued(stranger)
    Account.objects.update(served_at=NOON)

    admitted = admit(now=NOON, account_id=target.instance.account_id)

    assert [one.run_id for one in admitted] == [run.pk]


def test_the_longest_unserved_accounts_come_first(target: Target, monkeypatch):
    monkeypatch.setattr("schedules.queue.admission.ACCOUNTS_AT_A_TIME", 1)
    accounts = [make_account(served_at=NOON - MINUTE * n) for n in (1, 3, 2)]
    runs = [
        queued(make_target(target.schedule, make_instance(account)))
        for account in accounts
    ]

    order = [admit(now=NOON)[0].run_id for _ in accounts]

    assert order == [runs[n].pk for n in (1, 2, 0)]


@pytest.mark.parametrize(
    "obstacle",
    ["throttled instance", "held connection", "deleted connection", "held application"],
)
def test_who_cannot_be_asked_for_gets_no_place(target: Target, connection, obstacle):
    queued(target)
    match obstacle:
        case "throttled instance":
            Instance.objects.update(throttled_until=NOON + MINUTE)
        case "held connection":
            type(connection).objects.update(held_at=NOON)
        case "deleted connection":
            type(connection).objects.update(deleted_at=NOON)
        case "held application":
            LwaApplication.objects.update_or_create(id=1, defaults={"held_at": NOON})

    assert pass_until_dry(now=NOON) == []
    assert not WorkflowExecution.objects.exists()


def test_a_throttling_ends_by_itself(target: Target):
    queued(target)
    Instance.objects.update(throttled_until=NOON)

    assert len(admit(now=NOON)) == 1


@pytest.mark.parametrize("reason", ["overlap", "credential"])
def test_only_the_queue_is_served(target: Target, reason):
    queued(target, reason=reason, next_action_at=NOON)

    assert admit(now=NOON) == []


@pytest.mark.django_db(transaction=True)
def test_an_account_that_another_admitter_holds_is_passed_over(
    target: Target, stranger: Target
):
    queued(target)
    other = queued(stranger)

    with held_elsewhere(target.instance.account):
        admitted = admit(now=NOON)
        assert [one.run_id for one in admitted] == [other.pk]
        assert admit(now=NOON, account_id=target.instance.account_id) == []

    assert len(admit(now=NOON)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_cancelled_is_passed_over(target: Target):
    first, second = many(target, 2)

    with held_elsewhere(first):
        admitted = admit(now=NOON)

    assert [one.run_id for one in admitted] == [second.pk]


@pytest.mark.django_db(transaction=True)
def test_eight_admitters_over_three_hundred_runs_never_exceed_a_cap(workflow):
    Account.objects.update(max_running=12)
    instances = [
        workflow.instance,
        *(make_instance(workflow.account, max_running=4) for _ in range(4)),
    ]
    targets = [
        make_target(make_schedule(workflow), instance, created_at=NOON)
        for instance in instances[1:]
    ]
    for number in range(300):
        queued(targets[number % len(targets)], priority=int(number % 10 == 0))

    samples = in_threads(8, _admit_and_end)

    most = [max(column) for column in zip(*chain.from_iterable(samples), strict=True)]
    assert most[0] <= 12
    assert most[1] <= 4
    assert most[2] <= 2
    assert WorkflowExecution.objects.count() == 300
    assert Run.objects.filter(state="RUNNING").count() == 300


def _admit_and_end(number: int) -> list[tuple[int, int, int]]:
    """Admit, look how full it is, end half of one's own; until nobody waits."""
    random = Random(number)
    mine: list[int] = []
    seen = [_fullness()]
    turns = (NOON + timedelta(milliseconds=turn * 8 + number) for turn in count())
    while Run.objects.filter(state="WAITING").exists():
        mine += [one.execution_id for one in admit(now=next(turns))]
        seen.append(_fullness())
        random.shuffle(mine)
        kept = len(mine) // 2
        end(*mine[kept:])
        del mine[kept:]
    return seen


def _fullness() -> tuple[int, int, int]:
    """Places taken of the account, of the fullest instance, and its backfills."""
    taken = WorkflowExecution.objects.filter(state__in=PLACE_STATES)
    rows = list(
        taken.values_list("instance_id", "priority").annotate(number=Count("id"))
    )
    by_instance = Counter[int]()
    for instance_id, _, number in rows:
        by_instance[instance_id] += number
    backfills = [number for _, priority, number in rows if priority]
    return (
        sum(by_instance.values()),
        max(by_instance.values(), default=0),
        max(backfills, default=0),
    )
