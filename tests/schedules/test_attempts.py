"""The attempts of a page of runs: each in its chain, in two queries for all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schedules.attempts import attempts_of
from schedules.models import Run, Target
from tests.makers import NOON, make_execution, make_run
from tests.schedules.histories import tried_run
from workflows.models import WorkflowExecution

HOUR = timedelta(hours=1)


def with_attempts(target: Target, number: int, slot: int) -> Run:
    run = make_run(target, scheduled_for=NOON - slot * HOUR, exclusive=False)
    if number == 0:
        return run
    for _ in range(number - 1):
        make_execution(run)
        WorkflowExecution.objects.filter(pk=run.execution_id).update(
            state="NOT_SUBMITTED",
            reason="not_connected",
            ended_at=NOON,
            uses_attempt=True,
            next_poll_at=None,
        )
        Run.objects.filter(pk=run.pk).update(
            state="WAITING", reason="retry", next_action_at=NOON
        )
    make_execution(run)
    return run


def test_attempts_are_told_oldest_first(target: Target):
    run = with_attempts(target, 3, slot=1)

    attempts = attempts_of([run])[run.pk]

    assert [each.attempt for each in attempts] == [1, 2, 3]
    assert attempts[-1].pk == run.execution_id


def test_each_run_has_its_own(target: Target):
    runs = [with_attempts(target, number, slot=number) for number in (0, 1, 2)]

    attempts = attempts_of(runs)

    assert [len(attempts.get(run.pk, [])) for run in runs] == [0, 1, 2]


def test_a_chain_whose_beginning_was_pruned_is_told_from_where_it_is(target: Target):
    run = with_attempts(target, 2, slot=1)
    WorkflowExecution.objects.filter(attempt=1).delete()

    assert [each.attempt for each in attempts_of([run])[run.pk]] == [2]


@pytest.mark.parametrize("number", [1, 20])
def test_two_queries_for_any_number(
    number: int, target: Target, django_assert_num_queries
):
    runs = [with_attempts(target, 2, slot=slot) for slot in range(number)]

    with django_assert_num_queries(2):
        found = attempts_of(runs)
        versions = [e.workflow_version.number for each in found.values() for e in each]

    assert len(versions) == 2 * number


def test_nobody_is_asked_for_nothing(target: Target, django_assert_num_queries):
    run = make_run(target)

    with django_assert_num_queries(0):
        assert attempts_of([run]) == attempts_of([]) == {}


def test_a_run_that_waits_shows_what_it_tried(target: Target):
    run = tried_run(target)

    (attempt,) = attempts_of([run])[run.pk]

    assert (attempt.state, attempt.reason) == ("NOT_SUBMITTED", "not_connected")
