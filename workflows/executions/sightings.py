"""What Amazon shows of an execution, written to its row: adoption and progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from instances.alarms import end_alarm, raise_alarm
from instances.amc.answers import Execution
from instances.timing import times
from workflows.executions import moves
from workflows.executions.classification import FINAL_WORDS, standing
from workflows.executions.endings import Ending
from workflows.executions.intervals import next_poll
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

log = structlog.get_logger(__name__)

UNKNOWN_STATUS = "unknown_status"
LONGEST_WORD = 50


def adopt(execution: WorkflowExecution, seen: Execution, *, now: datetime) -> bool:
    """Give a sent row the execution that carries its mark, wherever that has got.

    False also when another row has that execution.
    """
    try:
        with transaction.atomic():
            return _place(
                execution,
                seen,
                origins=[State.SUBMITTING],
                guard=moves.SENT,
                now=now,
                amc_execution_id=seen.id,
                submitted_at=now,
            )
    except IntegrityError:
        log.warning("execution adopted twice", execution=execution.pk, amc=seen.id)
        return False


def progress(execution: WorkflowExecution, seen: Execution, *, now: datetime) -> bool:
    """Write what became of an execution at Amazon; it never goes backwards.

    True when it ended there, or its row was moved on by somebody else.
    """
    place = _standing(execution, seen, now)
    if place in (None, State.PENDING, execution.state):
        return not moves.stay(
            execution.pk,
            states=moves.AT_AMAZON,
            guard=as_leased(execution),
            **_seen(execution, seen, now),
        )
    moved = _place(
        execution,
        seen,
        origins=moves.AT_AMAZON,
        guard=as_leased(execution),
        now=now,
    )
    return not moved or seen.status in FINAL_WORDS


def as_leased(execution: WorkflowExecution) -> Q:
    """Whoever asks for a look while we look shall have one."""
    return Q(next_poll_at=execution.next_poll_at)


def _place(
    execution: WorkflowExecution,
    seen: Execution,
    *,
    origins: list[State] | tuple[State, ...],
    now: datetime,
    guard: Q | None = None,
    **columns: Any,
) -> bool:
    """Move the row to where Amazon's word puts it, from any state before that."""
    place = _standing(execution, seen, now) or State.PENDING
    if isinstance(place, Ending):
        columns |= {"amc_status": word_of(seen), "amc_ended_at": _ended_at(seen, now)}
        return moves.end(
            execution.pk, place, origins=origins, guard=guard, now=now, **columns
        )
    columns |= _seen(execution, seen, now)
    if place == State.COLLECTING:
        columns |= _to_collect(seen, now)
    elif "submitted_at" in columns:
        columns["deadline_at"] = time_at_amazon(execution, now)
    before = [origin for origin in origins if place in moves.LEGAL[origin]]
    return moves.move(execution.pk, place, origins=before, guard=guard, **columns)


def time_at_amazon(execution: WorkflowExecution, submitted_at: datetime) -> datetime:
    """By when an execution must have ended: time to wait there, and its own limit."""
    limit = timedelta(seconds=execution.time_limit_seconds)
    return submitted_at + times().at_amazon + limit


def word_of(seen: Execution) -> str:
    return seen.status[:LONGEST_WORD]


def _seen(
    execution: WorkflowExecution, seen: Execution, now: datetime
) -> dict[str, Any]:
    since = execution.submitted_at or now
    return {
        "amc_status": word_of(seen),
        "next_poll_at": next_poll(since, now, times()),
        "missing_since": None,
        "missing_count": 0,
    }


def _to_collect(seen: Execution, now: datetime) -> dict[str, Any]:
    return {
        "amc_ended_at": _ended_at(seen, now),
        "next_poll_at": now,
        "deadline_at": now + times().collect_longest,
        "claims": 0,
    }


def _ended_at(seen: Execution, now: datetime) -> datetime:
    """By Amazon's clock where it says so, but never later than now."""
    try:
        said = datetime.fromisoformat(str(seen.raw.get("lastUpdatedTime")))
    except ValueError:
        return now
    return min(said, now) if said.tzinfo else now


def _standing(
    execution: WorkflowExecution, seen: Execution, now: datetime
) -> State | Ending | None:
    place = standing(
        seen.status,
        seen.status_reason,
        cancel_asked=execution.cancel_requested_at is not None,
        cancel_reason=execution.cancel_reason,
    )
    if place is None:
        facts = {"execution": execution.pk, "instance": execution.instance_id}
        raise_alarm(UNKNOWN_STATUS, word_of(seen) or "(none)", facts, now=now)
    elif execution.amc_status and not _is_known(execution.amc_status):
        _end_alarm_of(execution.amc_status, now)
    return place


def _is_known(word: str) -> bool:
    return standing(word, "", cancel_asked=False, cancel_reason="") is not None


def _end_alarm_of(word: str, now: datetime) -> None:
    """The word is on this row alone, and about to go."""
    showing = WorkflowExecution.objects.filter(ended_at=None, amc_status=word)
    if showing.count() <= 1:
        end_alarm(UNKNOWN_STATUS, word, now=now)
