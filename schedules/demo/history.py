"""The rows of a timeline: runs, executions, results, moves. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from schedules.claiming.births import newborn
from schedules.demo.outcomes import Ending
from schedules.demo.timeline import Episode
from schedules.models import Run, RunEvent, Target
from schedules.states import RunState, Trigger
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState

GRACE = timedelta(days=30)  # that a run waits for a credential
RETRY_AFTER_SECONDS = 35.0
COLLECTING_SECONDS = 3.0
SETTLING = timedelta(seconds=2)
# From the run, as when the product opens an execution.
COPIED = (
    "workflow_version_id",
    "instance_id",
    "account_id",
    "connection_id",
    "owner_id",
    "priority",
    "window_start",
    "window_end",
    "window_timezone",
    "parameter_values",
    "time_limit_seconds",
)


@dataclass(frozen=True, kw_only=True)
class Past:
    """A run with its executions, oldest first; `of` is the run that it refers to."""

    run: Run
    executions: tuple[WorkflowExecution, ...]
    of: Run | None


def past(
    target: Target,
    episodes: Sequence[Episode],
    *,
    version_id: int,
    connection_id: int,
    random: Random,
    now: datetime,
) -> list[Past]:
    """Unsaved rows of a target whose schedule and instance are loaded."""
    found: list[Past] = []
    for episode in episodes:
        run = _run(target, episode, version_id, connection_id)
        times = _Times(episode, now=now)
        executions = tuple(_executions(run, episode, times, random))
        _end(run, episode, executions, now=now)
        of = found[episode.of].run if episode.of is not None else None
        found.append(Past(run=run, executions=executions, of=of))
    return found


def link(past: Past, *, installation: str, random: Random) -> None:
    """Write the ids of numbered rows where others refer to them."""
    run, previous = past.run, None
    for execution in past.executions:
        execution.retry_of_id = previous
        execution.mark = f"{installation}-{run.pk}-{random.getrandbits(32):08x}"
        previous = execution.pk
    run.execution_id = previous
    if past.of is not None and run.trigger == Trigger.RETRY:
        run.retry_of_id = past.of.pk
    elif past.of is not None:
        run.blocked_by_id = past.of.pk


def moves(past: Past) -> Iterator[RunEvent]:
    """What the database's trigger would have written, had it all happened."""
    run = past.run
    state = str(RunState.PENDING)

    def to(new: str, at: datetime, reason: str = "", by: int | None = None) -> RunEvent:
        nonlocal state
        before, state = state, new
        return RunEvent(
            run_id=run.pk,
            at=at,
            from_state=before,
            to_state=new,
            reason=reason,
            execution_id=by,
        )

    if run.state == RunState.WAITING:
        yield to(run.state, run.created_at, run.reason)
    for execution in past.executions:
        is_first = execution.attempt == 1
        waited_since = run.created_at if is_first else execution.created_at
        yield to("WAITING", waited_since, "capacity" if is_first else "retry")
        yield to("RUNNING", execution.created_at, by=execution.pk)
    if past.executions and run.finished_at:
        yield to(run.state, run.finished_at, run.reason, run.execution_id)


class _Times:
    """Moments of a run's life; one that is still too young ended just now."""

    def __init__(self, episode: Episode, *, now: datetime) -> None:
        self._born = episode.created_at
        tries = len(episode.outcome.attempts)
        whole = episode.seconds + (RETRY_AFTER_SECONDS + 10) * tries + 10
        left = (now - self._born).total_seconds()
        self._pace = min(1.0, left / whole)

    def after(self, seconds: float) -> datetime:
        return self._born + timedelta(seconds=seconds * self._pace)


def _run(target: Target, episode: Episode, version_id: int, connection_id: int) -> Run:
    is_waiting = episode.outcome.state is RunState.WAITING
    return newborn(
        schedule=target.schedule,
        target=target,
        version_id=version_id,
        connection_id=connection_id,
        account_id=target.instance.account_id,
        trigger=episode.trigger,
        scheduled_for=episode.slot,
        now=episode.created_at,
        state=episode.outcome.state,
        reason=episode.outcome.reason,
        next_action_at=episode.created_at if is_waiting else None,
        give_up_at=episode.created_at + GRACE if is_waiting else None,
    )


def _executions(
    run: Run, episode: Episode, times: _Times, random: Random
) -> Iterator[WorkflowExecution]:
    begin = 1.0
    for number, ending in enumerate(episode.outcome.attempts):
        is_last = number == len(episode.outcome.attempts) - 1
        span = episode.seconds if is_last and ending.is_at_amazon else 1.0
        yield _execution(run, ending, number, times, begin, span, random)
        begin += span + RETRY_AFTER_SECONDS


def _execution(
    run: Run,
    ending: Ending,
    number: int,
    times: _Times,
    begin: float,
    span: float,
    random: Random,
) -> WorkflowExecution:
    """`begin` and `span` in seconds of the run's life."""
    ended = begin + span + COLLECTING_SECONDS
    execution = WorkflowExecution(
        **{name: getattr(run, name) for name in COPIED},
        attempt=number + 1,
        attempts_used=number,
        uses_attempt=True,
        state=ending.state,
        reason=ending.reason,
        error_class=ending.error_class,
        message=ending.message,
        claims=1,
        created_at=times.after(begin),
        sending_at=times.after(begin + 0.3),
        deadline_at=times.after(begin) + timedelta(days=1),
        ended_at=times.after(ended),
    )
    if ending.is_at_amazon:
        execution.amc_execution_id = str(UUID(int=random.getrandbits(128), version=4))
        execution.amc_status = ending.state
        execution.submitted_at = times.after(begin + 0.8)
        execution.amc_ended_at = times.after(begin + span)
    if ending.state == ExecutionState.CANCELLED:
        execution.cancel_requested_at = times.after(begin + span / 2)
        execution.cancel_reason = "no longer needed"
    return execution


def _end(
    run: Run,
    episode: Episode,
    executions: Sequence[WorkflowExecution],
    *,
    now: datetime,
) -> None:
    """What goes with a final state that an execution led to."""
    if not executions:
        return
    ended = executions[-1].ended_at or now
    run.started_at = executions[0].created_at
    run.finished_at = min(ended + SETTLING, now)
    run.message = episode.outcome.message
    run.counts_failure = episode.outcome.counts_failure
    if run.state == RunState.CANCELLED:
        run.cancel_requested_at = executions[-1].cancel_requested_at
        run.cancel_requested_by_id = run.owner_id
        run.cancel_reason = executions[-1].cancel_reason
