"""A person's wish to end an execution: kept at once where nothing is at Amazon."""

from __future__ import annotations

from datetime import datetime

from workflows.executions import moves
from workflows.executions.endings import Ending, not_submitted
from workflows.states import ExecutionState as State

CANCELLED_UNSENT = not_submitted("cancelled")


def close_unsent(execution_id: int, reason: str, *, now: datetime) -> bool:
    """End an execution that was not claimed for sending. `reason`: the person's."""
    return moves.end(
        execution_id,
        CANCELLED_UNSENT,
        origins=[State.SUBMITTING],
        guard=moves.UNSENT,
        now=now,
        cancel_requested_at=now,
        cancel_reason=reason,
    )


def close_collecting(execution_id: int, reason: str, *, now: datetime) -> bool:
    """End an execution whose result is being fetched; the file is dropped."""
    return moves.end(
        execution_id,
        Ending(state=State.CANCELLED, reason="cancelled"),
        origins=[State.COLLECTING],
        now=now,
        cancel_requested_at=now,
        cancel_reason=reason,
    )


def ask_to_cancel(execution_id: int, reason: str, *, now: datetime) -> bool:
    """Leave the wish with an execution that was sent; the poller keeps it.

    A result that is being fetched has won: what a cancel overlooked SUCCEEDS.
    """
    return moves.stay(
        execution_id,
        states=[State.SUBMITTING, *moves.AT_AMAZON],
        guard=moves.NO_CANCEL,
        cancel_requested_at=now,
        cancel_reason=reason,
        next_poll_at=now,
    )
