"""What can become of a run in the demo, in the product's own words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from schedules.states import RunState
from workflows.states import ExecutionState


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an execution ended; `is_at_amazon` where Amazon gave it an id."""

    state: ExecutionState
    reason: str = ""
    error_class: str = ""
    message: str = ""
    is_at_amazon: bool = True


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended, and each of its attempts before that."""

    state: RunState
    reason: str = ""
    message: str = ""
    attempts: tuple[Ending, ...] = ()
    counts_failure: bool = False


def _failed(ending: Ending, *, counts: bool, tries: int = 1) -> Outcome:
    return Outcome(
        state=RunState.FAILED,
        reason="amazon_unavailable" if tries > 1 else ending.reason,
        message=ending.message,
        attempts=(ending,) * tries,
        counts_failure=counts,
    )


_LANDED = Ending(state=ExecutionState.SUCCEEDED)
_UNREACHED = Ending(
    state=ExecutionState.NOT_SUBMITTED,
    reason="not_connected",
    error_class="transient",
    message="No connection to Amazon could be made.",
    is_at_amazon=False,
)
SUCCEEDED = Outcome(state=RunState.SUCCEEDED, attempts=(_LANDED,))
SECOND_TRY = Outcome(state=RunState.SUCCEEDED, attempts=(_UNREACHED, _LANDED))
UNAVAILABLE = _failed(_UNREACHED, counts=False, tries=3)
PRIVACY = _failed(
    Ending(
        state=ExecutionState.REJECTED,
        reason="privacy_overlap",
        error_class="privacy",
        message="Too many workflows have run for the same or overlapping time windows.",
    ),
    counts=False,
)
QUERY_FAILED = _failed(
    Ending(
        state=ExecutionState.FAILED,
        reason="query_failed",
        error_class="query",
        message="The query needed more memory than an execution may use.",
    ),
    counts=True,
)
SQL_INVALID = _failed(
    Ending(
        state=ExecutionState.FAILED,
        reason="sql_invalid",
        error_class="query",
        message="From line 12, column 5 to line 12, column 24: Column"
        " 'customer_search_term' not found in any table",
        is_at_amazon=False,
    ),
    counts=True,
)
ACCESS_DENIED = _failed(
    Ending(
        state=ExecutionState.FAILED,
        reason="access_denied",
        error_class="access",
        message="Not authorized to access this instance.",
        is_at_amazon=False,
    ),
    counts=False,
)
CANCELLED = Outcome(
    state=RunState.CANCELLED,
    reason="cancelled",
    attempts=(Ending(state=ExecutionState.CANCELLED, reason="cancelled"),),
)
MISSED = Outcome(state=RunState.SKIPPED, reason="missed")
OVERLAP = Outcome(state=RunState.SKIPPED, reason="overlap")
TARGET_PAUSED = Outcome(state=RunState.SKIPPED, reason="target_paused")
WAITS = Outcome(state=RunState.WAITING, reason="credential")

# Small misfortunes, with their shares in 1,000.
MISFORTUNES = (
    (SECOND_TRY, 15),
    (UNAVAILABLE, 8),
    (PRIVACY, 6),
    (QUERY_FAILED, 4),
    (CANCELLED, 3),
)
