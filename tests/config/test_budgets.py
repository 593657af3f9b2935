"""A list costs the same number of queries, however many rows it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from instances.models import ApiToken, Instance, User
from schedules.models import Schedule
from tests.browsers import API, browser
from tests.makers import (
    make_account,
    make_connection,
    make_execution,
    make_instance,
    make_member,
    make_run,
    make_schedule,
    make_target,
    make_user,
    make_workflow,
)

HOUR = timedelta(hours=1)


def more_accounts(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_member(schedule.owner, make_account())


def more_members(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_member(make_user(), schedule.account)


def more_instances(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_instance(schedule.account)


def more_connections(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_connection(schedule.owner, schedule.account, make_account())


def more_tokens(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        ApiToken.issue(schedule.owner)


def more_workflows(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_workflow(schedule.workflow.instance, make_user())


def more_schedules(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        workflow = make_workflow(schedule.workflow.instance, make_user())
        make_schedule(workflow, make_instance(schedule.account))


def more_targets(schedule: Schedule, number: int) -> None:
    for _ in range(number):
        make_target(schedule, make_instance(schedule.account))


def more_runs(schedule: Schedule, number: int) -> None:
    """Each on a target of its own, every other one with an attempt."""
    for count in range(number):
        target = make_target(schedule, make_instance(schedule.account))
        run = make_run(target)
        if count % 2:
            make_execution(run)


LISTS: dict[str, Callable[[Schedule, int], None]] = {
    "accounts/": more_accounts,
    "accounts/{account}/members/": more_members,
    "instances/": more_instances,
    "connections/": more_connections,
    "tokens/": more_tokens,
    "workflows/": more_workflows,
    "executions/": more_runs,
    "schedules/": more_schedules,
    "schedules/?ordering=next_run_at": more_schedules,
    "targets/": more_targets,
    "runs/": more_runs,
    "schedules/{schedule}/runs/": more_runs,
    "health/": more_schedules,
}


@pytest.mark.parametrize("path", LISTS)
def test_fifty_rows_cost_the_queries_of_ten(
    path: str, schedule: Schedule, alice: User, instance: Instance
):
    address = API + path.format(account=schedule.account_id, schedule=schedule.pk)
    client = browser(alice)
    counts, sizes = [], []
    for number in (10, 40):
        LISTS[path](schedule, number)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address).json()
        counts.append(len(asked))
        rows = answer if isinstance(answer, list) else answer.get("results", [])
        sizes.append(len(rows))

    assert counts[0] == counts[1] <= 12
    assert sizes[1] >= sizes[0] + 35 or path == "health/" or "executions" in path
