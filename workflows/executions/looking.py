"""One look at the executions of one instance: ask Amazon, then move each row on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from instances.amc.answers import Execution
from instances.amc.errors import (
    Forbidden,
    NotFound,
    NoUsableAnswer,
    Refused,
    Throttled,
)
from instances.amc.gateway import Gateway
from instances.errors import ApplicationHeld, CredentialRefused, InstancesError
from instances.timing import times
from workflows.executions import moves, overdue
from workflows.executions.classification import CANNOT_ASK
from workflows.executions.dues import Group, is_searched_for, is_watched
from workflows.executions.intervals import next_poll, next_search
from workflows.executions.listing import Listing, read_until_seen, read_whole
from workflows.executions.reconciling import give_up, reconcile
from workflows.executions.sightings import as_leased, progress
from workflows.executions.strays import note_strays
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

log = structlog.get_logger(__name__)

NO_CREDENTIAL = (ApplicationHeld, CredentialRefused)


def look_at(
    group: Group,
    amazon: Gateway,
    *,
    now: Callable[[], datetime],
    may_go_on: Callable[[], bool],
) -> None:
    """Raises what the list raises; then no row was touched.

    What there is no time for is looked at when its lease has passed.
    """
    polled = [each for each in group.due if each.state in moves.AT_AMAZON]
    listing = _listed_if_readable(group, polled, amazon, now=now)
    if listing is not None:
        _use(listing, group, now=now)
    for execution in polled:
        if may_go_on():
            seen = listing.by_id.get(_id(execution)) if listing else None
            _follow(execution, seen, amazon, now=now)
    if listing is not None:
        _tell_companions(listing, group, now=now)


def look_without_answer(
    executions: Iterable[WorkflowExecution], error: InstancesError, *, now: datetime
) -> None:
    """Amazon could not be asked. Deadlines hold all the same."""
    for execution in executions:
        log.info("look not possible", execution=execution.pk, error=error.code)
        if is_watched(execution):
            _watch_on(execution, now=now)
        elif is_searched_for(execution):
            if not give_up(execution, now=now):
                _put_off(execution, error, now=now)
        elif not overdue.is_overdue(execution, now):
            _put_off(execution, error, now=now)
        else:
            is_credential = isinstance(error, NO_CREDENTIAL)
            overdue.end_or_ask(execution, credential_lost=is_credential, now=now)


def _listed_if_readable(
    group: Group,
    polled: list[WorkflowExecution],
    amazon: Gateway,
    *,
    now: Callable[[], datetime],
) -> Listing | None:
    """A list with something unreadable on it must not hide the others for ever."""
    try:
        return _listed(group, polled, amazon, now=now)
    except NoUsableAnswer as error:
        if not 200 <= error.status < 300:
            raise
        others = [each for each in group.due if each not in polled]
        look_without_answer(others, error, now=now())
        return None


def _listed(
    group: Group,
    polled: list[WorkflowExecution],
    amazon: Gateway,
    *,
    now: Callable[[], datetime],
) -> Listing | None:
    """The list, where a search needs it or it tells of several at once."""
    oldest = min(execution.created_at for execution in group.due)
    since = oldest - times().search_back
    if len(polled) < len(group.due):
        return read_whole(amazon, since=since, now=now)
    if len(polled) + len(group.companions) > 1:
        wanted = {_id(execution) for execution in polled}
        return read_until_seen(amazon, wanted, since=since, now=now)
    return None


def _use(listing: Listing, group: Group, *, now: Callable[[], datetime]) -> None:
    """What only a list tells: of unknown outcomes, and of marks."""
    searched = [each for each in group.due if is_searched_for(each)]
    reconcile(searched, listing, now=now())
    note_strays(group.instance, listing.executions, now=now())
    for execution in searched:
        give_up(execution, now=now())
    for execution in filter(is_watched, group.due):
        _watch_on(execution, now=now())


def _tell_companions(
    listing: Listing, group: Group, *, now: Callable[[], datetime]
) -> None:
    """They were not due, but the list tells of them all the same."""
    for execution in group.companions:
        if (seen := listing.by_id.get(_id(execution))) is not None:
            progress(execution, seen, now=now())


def _follow(
    execution: WorkflowExecution,
    seen: Execution | None,
    amazon: Gateway,
    *,
    now: Callable[[], datetime],
) -> None:
    """Take what is at Amazon one look further."""
    try:
        seen = seen or amazon.execution(_id(execution))
    except NotFound:
        overdue.note_missing(execution, now=now())
        return
    except CANNOT_ASK as error:
        look_without_answer([execution], error, now=now())
        return
    if progress(execution, seen, now=now()):
        return
    if overdue.is_overdue(execution, now()):
        overdue.end_or_ask(execution, credential_lost=False, now=now())
    if overdue.is_to_be_cancelled(execution):
        _cancel(execution, amazon, now=now)


def _cancel(
    execution: WorkflowExecution, amazon: Gateway, *, now: Callable[[], datetime]
) -> None:
    """At each look, until a final word is seen."""
    try:
        amazon.cancel_execution(_id(execution))
    except Refused as refusal:  # it has ended: the next look tells how
        log.info("cancel refused", execution=execution.pk, text=refusal.text)
    except CANNOT_ASK as error:
        log.info("cancel not sent", execution=execution.pk, error=error.code)
    moves.stay(
        execution.pk, states=moves.AT_AMAZON, next_poll_at=now() + times().poll_first
    )


def _put_off(
    execution: WorkflowExecution, error: InstancesError, *, now: datetime
) -> None:
    moves.stay(
        execution.pk,
        states=[State(execution.state)],
        guard=as_leased(execution),
        next_poll_at=_later(execution, error, now),
    )


def _later(
    execution: WorkflowExecution, error: InstancesError, now: datetime
) -> datetime:
    if isinstance(error, Throttled):
        return now + (error.retry_after or times().throttle_rest)
    if isinstance(error, NO_CREDENTIAL):
        return now + times().unresolved_later
    if isinstance(error, Forbidden):
        return now + times().poll_longest
    if execution.sending_at and is_searched_for(execution):
        return next_search(execution.sending_at, now, times())
    return next_poll(execution.submitted_at or now, now, times())


def _watch_on(execution: WorkflowExecution, *, now: datetime) -> None:
    is_over = execution.watch_until is None or now >= execution.watch_until
    moves.stay(
        execution.pk,
        states=[State(execution.state)],
        next_poll_at=None if is_over else now + times().watch_look,
    )


def _id(execution: WorkflowExecution) -> str:
    return execution.amc_execution_id or ""
