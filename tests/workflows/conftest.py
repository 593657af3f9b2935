"""Amazon, which is the sandbox, and a clock that both sides share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from instances.models import Account, Instance
from instances.timing import times
from schedules.models import Run, Target
from tests.amc.server import Amc
from tests.makers import NOON, make_account, make_execution, make_instance, make_run
from workflows.models import WorkflowExecution, WorkflowVersion


class Clock:
    """What time it is, for us and for the sandbox; it moves when it is told to."""

    def __init__(self, amazon: Amc) -> None:
        self._amazon = amazon
        self._now = NOON

    def __call__(self) -> datetime:
        return self._now

    def follow(self, other: Clock) -> None:
        """Begin where the other one is."""
        self._now = other._now

    def advance(self, **span: float) -> None:
        self._now += timedelta(**span)
        self._amazon.clock(now=self._now.isoformat())


class Interrupted(Clock):
    """A clock at whose n-th reading something happens elsewhere."""

    def __init__(self, amazon: Amc, reading: int, happening: Callable[[], object]):
        super().__init__(amazon)
        self._left = reading
        self._happening = happening

    def __call__(self) -> datetime:
        self._left -= 1
        if self._left == 0:
            self._happening()
        return super().__call__()


class Killed(BaseException):
    """No handler of the product catches it."""


def killed() -> None:
    raise Killed


@pytest.fixture
def clock(amazon: Amc) -> Clock:
    return Clock(amazon)


@pytest.fixture
def account(db: None) -> Account:
    return make_account(account_id="ENTITY1SANDBOX")


@pytest.fixture
def instance(account: Account) -> Instance:
    return make_instance(account, instance_id="amcsandbox01")


@pytest.fixture
def execution(target: Target) -> WorkflowExecution:
    """One that was just admitted, not sent yet."""
    return open_execution(make_run(target))


def open_execution(run: Run, **changes: Any) -> WorkflowExecution:
    """As admission opens it: what to ask for is copied from the run."""
    copied = ("window_start", "window_end", "window_timezone", "parameter_values")
    return make_execution(
        run, **{name: getattr(run, name) for name in copied} | changes
    )


def with_version(
    execution: WorkflowExecution,
    sql: str,
    parameters: list[dict[str, Any]] | None = None,
) -> None:
    """Let the execution run other SQL."""
    execution.workflow_version = WorkflowVersion.objects.create(
        workflow=execution.workflow_version.workflow,
        number=execution.pk + 1,
        sql=sql,
        parameters=parameters or [],
        created_at=NOON,
    )
    execution.save(update_fields=["workflow_version"])


@pytest.fixture
def admitted(target: Target) -> Callable[..., WorkflowExecution]:
    """More executions of the same target; each call has a slot of its own."""
    made: list[WorkflowExecution] = []

    def admit(**changes: Any) -> WorkflowExecution:
        slot = NOON + timedelta(hours=1 + len(made))
        run = make_run(target, scheduled_for=slot, exclusive=False)
        made.append(open_execution(run, **changes))
        return made[-1]

    return admit


@pytest.fixture
def spans(settings: Settings) -> Iterator[Callable[..., None]]:
    """Sets waiting times, in seconds, for this test."""

    def set_spans(**seconds: float) -> None:
        settings.TIMES = seconds
        times.cache_clear()

    yield set_spans
    settings.TIMES = {}
    times.cache_clear()
