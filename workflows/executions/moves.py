"""The one table of legal moves of an execution, and the one place that makes them.

Each function is one guarded UPDATE. False: somebody else was there first, so the
caller drops what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from instances.redaction import without_secrets
from instances.timing import times
from workflows.executions.endings import Ending
from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

AT_AMAZON = (State.PENDING, State.RUNNING)
_ENDS_OF_ASKING = {State.FAILED, State.REJECTED, State.CANCELLED, State.TIMED_OUT}

# What is not a key has ended, and what has ended is final.
LEGAL: Mapping[State, frozenset[State]] = {
    State.SUBMITTING: frozenset(
        {State.PENDING, State.RUNNING, State.COLLECTING, State.NOT_SUBMITTED}
        | _ENDS_OF_ASKING
    ),
    State.PENDING: frozenset({State.RUNNING, State.COLLECTING} | _ENDS_OF_ASKING),
    State.RUNNING: frozenset({State.COLLECTING} | _ENDS_OF_ASKING),
    State.COLLECTING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED}),
}
LONGEST_MESSAGE = 10_000

# Guards that several moves share.
SENT = Q(sending_at__isnull=False)
UNSENT = Q(sending_at=None)
NO_CANCEL = Q(cancel_requested_at=None)


class IllegalMove(ValueError):
    """A move that the table does not know: a fault in the program."""


def move(
    execution_id: int,
    to: State,
    *,
    origins: Iterable[State],
    guard: Q | None = None,
    **columns: Any,
) -> bool:
    """Take the execution to `to` if it is in one of `origins` and fits `guard`."""
    origins = list(origins)
    for origin in origins:
        if to not in LEGAL.get(origin, ()):
            raise IllegalMove(f"There is no move from {origin} to {to}.")
    return _update(execution_id, origins, guard, state=to, **columns)


def stay(
    execution_id: int,
    *,
    states: Iterable[State],
    guard: Q | None = None,
    **columns: Any,
) -> bool:
    """Change columns of an execution that stays where it is."""
    return _update(execution_id, list(states), guard, **columns)


def end(
    execution_id: int,
    ending: Ending,
    *,
    origins: Iterable[State],
    now: datetime,
    guard: Q | None = None,
    watched: bool = False,
    **columns: Any,
) -> bool:
    """End the execution. `watched`: its mark is still looked for afterwards."""
    return move(
        execution_id,
        ending.state,
        origins=origins,
        guard=guard,
        reason=ending.reason,
        error_class=ending.error_class,
        message=kept(ending.message),
        uses_attempt=ending.uses_attempt,
        ended_at=now,
        next_poll_at=now + times().watch_look if watched else None,
        watch_until=now + times().watch if watched else None,
        **columns,
    )


def kept(text: str) -> str:
    """Amazon's text as we keep it: without secrets, and not without end."""
    return without_secrets(text.replace("\0", ""))[:LONGEST_MESSAGE]


def _update(
    execution_id: int, states: list[State], guard: Q | None, **columns: Any
) -> bool:
    rows = WorkflowExecution.objects.filter(
        guard or Q(), pk=execution_id, state__in=states
    )
    return rows.update(**columns) == 1
