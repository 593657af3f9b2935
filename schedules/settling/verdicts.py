"""What an ended execution means for its run. Pure: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

# Ends that speak of the query or its values; `param_…` and these count as failures.
COUNTED = frozenset(
    {
        "account_missing",
        "window_invalid",
        "sql_invalid",
        "query_failed",
        "rejected",
        "timed_out",
        "unknown",
    }
)
# Nothing is at Amazon, and another attempt may fare better.
TRIED_AGAIN = frozenset({"not_found", "not_connected", "not_sent"})


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The spans a verdict needs; their defaults are in `instances.timing`."""

    first: timedelta
    longest: timedelta
    gave_up: timedelta
    credential: timedelta


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An ended execution, and what of its run the verdict depends on.

    `attempts_before` were used by earlier executions of the run. `is_barred`: a run
    of a slot whose target or schedule is paused.
    """

    run_id: int
    state: str
    reason: str
    message: str = ""
    cancel_requested: bool = False
    attempts_before: int = 0
    uses_attempt: bool = False
    max_attempts: int = 3
    is_barred: bool = False
    throttled_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Where the run goes. `next_action_at` and `give_up_at` only while WAITING."""

    state: str
    reason: str = ""
    message: str = ""
    next_action_at: datetime | None = None
    give_up_at: datetime | None = None
    counts_failure: bool = False


def counts(reason: str) -> bool:
    """Whether a FAILED run with this reason is one of the failures in a row."""
    return reason in COUNTED or reason.startswith("param_")


def verdict(ended: Ended, *, waits: Waits, now: datetime) -> Verdict:
    """Decide; nothing but what Amazon surely never began is tried again."""
    if ended.state == "SUCCEEDED":
        return Verdict(state="SUCCEEDED", message=ended.message)
    if ended.cancel_requested:
        return _cancelled("cancelled", ended)
    if ended.state == "NOT_SUBMITTED":
        return _unsubmitted(ended, waits, now)
    if ended.state == "CANCELLED":
        return _cancelled(ended.reason or "cancelled_at_amazon", ended)
    return _failed(ended.reason or "unknown", ended)


def retry_delay(run_id: int, attempts: int, *, waits: Waits) -> timedelta:
    """Doubled with each attempt used, ± 20 % that differ from run to run."""
    digest = sha256(f"{run_id}/{attempts}".encode()).digest()
    jitter = 0.8 + 0.4 * int.from_bytes(digest[:4]) / 2**32
    doublings = min(attempts, 32)  # beyond, the longest wait holds anyway
    seconds = waits.first.total_seconds() * 2**doublings * jitter
    return min(timedelta(seconds=seconds), waits.longest)


def _unsubmitted(ended: Ended, waits: Waits, now: datetime) -> Verdict:
    """Amazon has none: what would be done about it, were the run not barred."""
    if ended.reason == "not_authorised":
        return _cancelled("not_authorised", ended)
    if ended.reason == "cancelled":
        return _cancelled("cancelled", ended)
    if ended.reason in TRIED_AGAIN:
        if ended.attempts_before + ended.uses_attempt >= ended.max_attempts:
            return _failed("amazon_unavailable", ended)
        delay = retry_delay(ended.run_id, ended.attempts_before, waits=waits)
        return _waiting("retry", now + delay, now + waits.gave_up, ended)
    if ended.reason == "throttled":
        turn = max(ended.throttled_until or now, now)
        return _waiting("throttled", turn, now + waits.gave_up, ended)
    if ended.reason == "credential":
        return _waiting("credential", now, now + waits.credential, ended)
    return _failed("gave_up", ended)


def _waiting(reason: str, turn: datetime, give_up: datetime, ended: Ended) -> Verdict:
    if ended.is_barred:
        return _cancelled("target_paused", ended)
    return Verdict(
        state="WAITING",
        reason=reason,
        message=ended.message,
        next_action_at=turn,
        give_up_at=give_up,
    )


def _cancelled(reason: str, ended: Ended) -> Verdict:
    return Verdict(state="CANCELLED", reason=reason, message=ended.message)


def _failed(reason: str, ended: Ended) -> Verdict:
    return Verdict(
        state="FAILED",
        reason=reason,
        message=ended.message,
        counts_failure=counts(reason),
    )
