"""How an execution can end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.states import ExecutionState as State


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an execution ends; `error_class` is a class of DESIGN's error table."""

    state: State
    reason: str
    error_class: str = ""
    message: str = ""
    # Whether Amazon was really asked, and did not refuse for throttling or credentials.
    uses_attempt: bool = True


def not_submitted(
    reason: str, error_class: str = "", message: str = "", *, uses_attempt: bool = False
) -> Ending:
    """Amazon has no such execution: proved, said by Amazon, or never asked."""
    return Ending(
        state=State.NOT_SUBMITTED,
        reason=reason,
        error_class=error_class,
        message=message,
        uses_attempt=uses_attempt,
    )


def failed(
    reason: str, error_class: str = "", message: str = "", *, uses_attempt: bool = True
) -> Ending:
    return Ending(
        state=State.FAILED,
        reason=reason,
        error_class=error_class,
        message=message,
        uses_attempt=uses_attempt,
    )


def timed_out(reason: str, message: str = "") -> Ending:
    return Ending(
        state=State.TIMED_OUT, reason=reason, error_class="query", message=message
    )
