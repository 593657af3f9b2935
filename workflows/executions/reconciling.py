"""Submissions whose outcome is not known: settled by Amazon's list, or by time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import structlog
from django.db.models import Q

from instances.alarms import end_alarm, raise_alarm
from instances.amc.answers import Execution
from instances.timing import times
from workflows.executions import moves
from workflows.executions.endings import failed, not_submitted
from workflows.executions.intervals import next_search
from workflows.executions.listing import Listing
from workflows.executions.matching import Found, Sought, plain, search
from workflows.executions.sightings import adopt
from workflows.models import Stray, WorkflowExecution
from workflows.states import ExecutionState as State

log = structlog.get_logger(__name__)

CLOCK_SKEW = "clock_skew"
AMAZON = "amazon"


def reconcile(
    executions: Sequence[WorkflowExecution], listing: Listing, *, now: datetime
) -> None:
    """Adopt what the list shows; end what it proves to be absent."""
    if not executions:
        return
    proves_absence = _is_dated_right(listing, now) and listing.is_whole
    known = _accounted_for(listing.executions, executions)
    for execution in executions:
        found = search(_sought(execution), listing.executions, known=known)
        if found.by_likeness and _has_twin(execution):
            found = Found(is_unclear=True)
        if found.executions:
            _adopt_earliest(execution, found, now=now)
        elif proves_absence and not found.is_unclear:
            _note_absence(execution, listing, now=now)
        else:
            _search_on(execution, now=now)


def give_up(execution: WorkflowExecution, *, now: datetime) -> bool:
    """No proof in time: a person decides. Its mark is still looked for."""
    text = "It is not known whether Amazon runs this; nothing was sent again."
    return moves.end(
        execution.pk,
        failed("submit_outcome_unknown", "unknown", text),
        origins=[State.SUBMITTING],
        guard=moves.SENT & Q(deadline_at__lte=now),
        now=now,
        watched=True,
    )


def _adopt_earliest(
    execution: WorkflowExecution, found: Found, *, now: datetime
) -> None:
    """Others with the mark are strays: `strays.note_strays` sees to them."""
    earliest = found.executions[0]
    if adopt(execution, earliest, now=now):
        log.info("execution adopted", execution=execution.pk, amc=earliest.id)


def _note_absence(
    execution: WorkflowExecution, listing: Listing, *, now: datetime
) -> None:
    """The first complete list without the mark is noted, a later one proves."""
    begun = listing.begun_at
    if execution.sending_at is None:
        return
    if begun >= execution.sending_at + times().absence_age and moves.end(
        execution.pk,
        not_submitted("not_found", "transient", uses_attempt=True),
        origins=[State.SUBMITTING],
        guard=moves.SENT & Q(empty_list_at__lte=begun - times().absence_gap),
        now=now,
        watched=True,
    ):
        return
    _search_on(execution, now=now, empty_list_at=execution.empty_list_at or begun)


def _search_on(
    execution: WorkflowExecution,
    *,
    now: datetime,
    empty_list_at: datetime | None = None,
) -> None:
    noted = {"empty_list_at": empty_list_at} if empty_list_at else {}
    moves.stay(
        execution.pk,
        states=[State.SUBMITTING],
        guard=moves.SENT,
        next_poll_at=next_search(execution.sending_at or now, now, times()),
        **noted,
    )


def _is_dated_right(listing: Listing, now: datetime) -> bool:
    """A list of another time proves nothing about this one."""
    if listing.date is None:
        return False
    difference = listing.date - now
    if abs(difference) > times().clock_skew:
        facts = {"seconds": round(difference.total_seconds())}
        raise_alarm(CLOCK_SKEW, AMAZON, facts, now=now)
        return False
    end_alarm(CLOCK_SKEW, AMAZON, now=now)
    return True


def _sought(execution: WorkflowExecution) -> Sought:
    request = execution.request or {}
    return Sought(
        mark=execution.mark,
        sql=request.get("workflow", {}).get("sqlQuery", ""),
        window_start=request.get("timeWindowStart", ""),
        window_end=request.get("timeWindowEnd", ""),
        window_timezone=request.get("timeWindowTimeZone", ""),
        sending_at=execution.sending_at or execution.created_at,
        slack=times().clock_skew,
    )


def _has_twin(execution: WorkflowExecution) -> bool:
    """Whether another open row may have sent the same, but for its mark."""
    others = WorkflowExecution.objects.filter(
        instance=execution.instance_id,
        state=State.SUBMITTING,
        sending_at__isnull=False,
        window_start=execution.window_start,
        window_end=execution.window_end,
    ).exclude(pk=execution.pk)
    mine = plain(_sought(execution).sql)
    return any(plain(_sought(other).sql) == mine for other in others)


def _accounted_for(
    listed: Iterable[Execution], ours: Iterable[WorkflowExecution]
) -> Collection[str]:
    """The listed ids that belong to other rows."""
    ids = [each.id for each in listed]
    instances = {execution.instance_id for execution in ours}
    rows = WorkflowExecution.objects.filter(
        instance__in=instances, amc_execution_id__in=ids
    )
    strays = Stray.objects.filter(instance__in=instances, amc_execution_id__in=ids)
    return {
        *(row.amc_execution_id or "" for row in rows.only("amc_execution_id")),
        *strays.values_list("amc_execution_id", flat=True),
    }
