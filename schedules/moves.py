"""The one table of a run's legal moves, and the guarded UPDATE for a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schedules.models import Run
from schedules.states import FINAL_STATES, RunState

ENDS_UNASKED = frozenset({"SKIPPED", "CANCELLED"})

# From where to where. Sets of runs are moved by the SQL of admission, settling,
# credentials, pausing and sweeping; the database's trigger refuses what is not here.
LEGAL: Mapping[str, frozenset[str]] = {
    "PENDING": ENDS_UNASKED
    | {"WAITING capacity", "WAITING overlap", "WAITING credential", "FAILED"},
    "WAITING overlap": ENDS_UNASKED
    | {"WAITING capacity", "WAITING overlap", "WAITING credential", "FAILED"},
    "WAITING credential": ENDS_UNASKED | {"PENDING", "WAITING overlap"},
    "WAITING capacity": ENDS_UNASKED | {"RUNNING", "WAITING credential"},
    "WAITING throttled": ENDS_UNASKED | {"RUNNING", "WAITING credential", "FAILED"},
    "WAITING retry": ENDS_UNASKED | {"RUNNING", "WAITING credential", "FAILED"},
    "RUNNING": frozenset(
        {
            "WAITING throttled",
            "WAITING retry",
            "WAITING credential",
            "SUCCEEDED",
            "FAILED",
            "CANCELLED",
        }
    ),
}


class IllegalMove(RuntimeError):
    """The table has no such move: a mistake of ours, never of a person."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a run goes, and what is written with it."""

    state: RunState
    reason: str = ""
    message: str = ""
    next_action_at: datetime | None = None
    give_up_at: datetime | None = None
    blocked_by_id: int | None = None


def standing(state: str, reason: str) -> str:
    """A run's state and, while it is WAITING, what for: a row of the table."""
    return f"{state} {reason}" if state == RunState.WAITING else state


def unasked_end(execution_id: int | None) -> RunState:
    """How a run ends that goes no further: only who asked nobody is SKIPPED."""
    return RunState.SKIPPED if execution_id is None else RunState.CANCELLED


def move(run: Run, to: Move, *, now: datetime) -> bool:
    """Take `run` from where it was read to be. False: somebody else was there.

    Raises IllegalMove.
    """
    origin, goal = standing(run.state, run.reason), standing(to.state, to.reason)
    if goal not in LEGAL.get(origin, ()):
        raise IllegalMove(f"run {run.pk}: from {origin} to {goal}")
    moved = Run.objects.filter(
        pk=run.pk,
        state=run.state,
        reason=run.reason,
        execution=run.execution_id,
        cancel_requested_at=run.cancel_requested_at,
    ).update(
        state=to.state,
        reason=to.reason,
        message=to.message,
        next_action_at=to.next_action_at,
        give_up_at=to.give_up_at,
        blocked_by=to.blocked_by_id,
        finished_at=now if to.state in FINAL_STATES else None,
    )
    return moved == 1
