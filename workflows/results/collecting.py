"""Fetching the result of an execution that succeeded at Amazon, and ending it (E17).

Links to the files last ten minutes; they are asked for when they are needed, and are
neither stored nor logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import structlog
from django.db import transaction

from instances.amc.errors import (
    Forbidden,
    LinkRefused,
    NoUsableAnswer,
    Refused,
    Throttled,
)
from instances.amc.gateway import Gateway, gateway
from instances.errors import ApplicationHeld, CredentialRefused
from instances.fault_points import fault_point
from instances.timing import times
from workflows.errors import InvalidResult
from workflows.executions.classification import CANNOT_ASK
from workflows.executions.endings import Ending, failed
from workflows.executions.intervals import next_poll
from workflows.executions.reach import reach_through_others
from workflows.models import ExecutionResult, WorkflowExecution
from workflows.results import landing
from workflows.results.landing import StoreFailed, drafting
from workflows.results.leases import Lease, LeaseLost, TooSlow, lease
from workflows.results.merging import Merger
from workflows.states import ExecutionState as State

log = structlog.get_logger(__name__)

MOST_CLAIMS = 5
MOST_REFUSALS_OF_A_LINK = 2

Clock = Callable[[], datetime]


def collect(execution_id: int, *, now: Clock) -> None:
    """Fetch the result, if nobody else does. A second call finds nothing to do."""
    execution = _succeeded_at_amazon(execution_id)
    mine = lease(execution, now=now) if execution else None
    if execution is None or mine is None:
        return
    if (ending := _overdue(execution, now())) is not None:
        mine.end(ending)
        return
    try:
        landing.sweep(execution_id)
        _land(execution, mine, now=now)
    except LeaseLost:
        log.info("collecting dropped", execution=execution_id)
    except InvalidResult as error:
        mine.end(failed("result_invalid", "", error.message))
    except (StoreFailed, TooSlow, *CANNOT_ASK) as error:
        _try_later(execution, mine, error, now=now())


def _succeeded_at_amazon(execution_id: int) -> WorkflowExecution | None:
    rows = WorkflowExecution.objects.filter(pk=execution_id, state=State.COLLECTING)
    found = list(rows.select_related("instance__account", "connection"))
    reach_through_others(found)
    return found[0] if found else None


def _overdue(execution: WorkflowExecution, now: datetime) -> Ending | None:
    if execution.claims >= MOST_CLAIMS:
        text = "Workers died with this result again and again."
        return failed("worker_killed", "", text)
    if execution.deadline_at is not None and execution.deadline_at <= now:
        reason = execution.reason or "result_unavailable"
        return failed(reason, "", execution.message)
    return None


def _land(execution: WorkflowExecution, mine: Lease, *, now: Clock) -> None:
    amazon = gateway(execution.instance, execution.connection, now=now())
    with drafting(execution.pk, mine.token) as draft:
        merger = Merger(draft.write)
        _fetch(execution.amc_execution_id or "", amazon, merger, mine)
        key = draft.store()
    fault_point("stored-uncommitted")
    if not _succeed(mine, merger, key, now=now()):
        landing.remove(key)
        raise LeaseLost
    fault_point("collected")
    log.info("result landed", execution=execution.pk, rows=merger.row_count)


def _fetch(amc_execution_id: str, amazon: Gateway, merger: Merger, mine: Lease) -> None:
    """All files, one after the other; a link that has expired is asked for again."""
    links = amazon.download_urls(amc_execution_id)
    if not links:
        raise NoUsableAnswer("Amazon gives no download links.")
    count, refusals = len(links), 0
    while merger.files < count:
        try:
            merger.add(_counted(amazon.download(links[merger.files]), mine))
        except LinkRefused:
            refusals += 1
            if refusals > MOST_REFUSALS_OF_A_LINK:
                raise
            links = amazon.download_urls(amc_execution_id)
            if len(links) != count:
                raise NoUsableAnswer("Amazon gives other download links now.") from None
        else:
            refusals = 0


def _counted(pieces: Iterable[bytes], mine: Lease) -> Iterator[bytes]:
    for piece in pieces:
        mine.came(len(piece))
        fault_point("mid-download")
        yield piece


@transaction.atomic
def _succeed(mine: Lease, merger: Merger, key: str, *, now: datetime) -> bool:
    """The run succeeds with its result or not at all."""
    if not mine.end(Ending(state=State.SUCCEEDED, reason="")):
        return False
    ExecutionResult.objects.create(
        execution_id=mine.execution_id,
        storage_key=key,
        size_bytes=merger.size_bytes,
        row_count=merger.row_count,
        sha256=merger.sha256,
        columns=merger.columns,
        parts=merger.files,
        created_at=now,
    )
    return True


def _try_later(
    execution: WorkflowExecution, mine: Lease, error: Exception, *, now: datetime
) -> None:
    """Until the deadline; what Amazon keeps refusing is gone sooner."""
    log.info("result not fetched", execution=execution.pk, error=str(error))
    began = _began(execution, now)
    is_refusal = isinstance(error, Refused | Forbidden)
    if is_refusal and now - began >= times().result_missing:
        mine.end(failed("result_unavailable", "", str(error)))
        return
    is_full = isinstance(error, StoreFailed) and error.is_full
    mine.put_back(
        next_look=_later(error, began, now),
        reason="storage_full" if is_full else "",
        message=str(error),
    )


def _began(execution: WorkflowExecution, now: datetime) -> datetime:
    """When it was first seen to have succeeded: its deadline was set then."""
    deadline = execution.deadline_at
    return deadline - times().collect_longest if deadline else now


def _later(error: Exception, began: datetime, now: datetime) -> datetime:
    if isinstance(error, Throttled):
        return now + (error.retry_after or times().throttle_rest)
    if isinstance(error, ApplicationHeld | CredentialRefused):
        return now + times().unresolved_later
    return next_poll(began, now, times())
