"""What an answer of Amazon means for an execution. Pure: answers in, endings out."""

from __future__ import annotations

import re

from instances.amc.errors import (
    AmcError,
    Forbidden,
    NeverConnected,
    NoUsableAnswer,
    Throttled,
    TokenRejected,
)
from instances.errors import (
    AccountMissing,
    ApplicationHeld,
    CredentialRefused,
    InstancesError,
    LwaUnavailable,
)
from workflows.executions.endings import Ending, failed, not_submitted, timed_out
from workflows.states import ExecutionState as State

# What is asked for on our own behalf, when an execution has used up its time.
DEADLINE = "deadline"

# Words after which Amazon changes nothing any more.
FINAL_WORDS = frozenset({"SUCCEEDED", "FAILED", "REJECTED", "CANCELLED"})

# Amazon could not be asked, for now or until a person acts.
CANNOT_ASK = (
    AccountMissing,
    AmcError,
    ApplicationHeld,
    CredentialRefused,
    LwaUnavailable,
)

_PRIVACY = re.compile(r"too many workflows\b.*\b(same|overlapping)\b", re.I | re.S)
_POSITION = re.compile(r"\bline \d+,? column \d+\b", re.I)
_PARAMETER = re.compile(r"\bparameters?\b|\bundeclared\b", re.I)
_QUOTED = re.compile(r"'[^']*'")
_SQL = re.compile(
    r"unable to compile|(object|column|table|function) '[^']*' not found"
    r"|unsupported \w+ operation|no match found for function|encountered \""
    r"|\bsyntax\b|\bparse\b|\bsql(query)?\b",
    re.I,
)
_TIME_LIMIT = re.compile(r"\btime[d -]?\s?out\b|\btime limit\b|timeoutseconds", re.I)


def without_token(error: InstancesError) -> Ending:
    """No token could be had, so nothing was sent."""
    text = error.message
    if isinstance(error, LwaUnavailable):
        return not_submitted("not_connected", "transient", text, uses_attempt=True)
    if isinstance(error, ApplicationHeld):
        return not_submitted("credential", "application", text)
    if isinstance(error, CredentialRefused):
        return not_submitted("credential", "credential", text)
    if isinstance(error, AccountMissing):
        return failed("account_missing", "", text, uses_attempt=False)
    raise error


def after_post(error: InstancesError) -> Ending | None:
    """What a POST that was not accepted means; None: its outcome is not known."""
    if not isinstance(error, AmcError):
        return without_token(error)
    text = error.text
    if isinstance(error, NoUsableAnswer):
        return None
    if isinstance(error, NeverConnected):
        return not_submitted("not_connected", "transient", text, uses_attempt=True)
    if isinstance(error, Throttled | TokenRejected):
        return not_submitted("throttled", "throttled", text)
    if isinstance(error, Forbidden):
        return failed("access_denied", "access", text)
    return _refused(text) if text.strip() else None


def _refused(text: str) -> Ending:
    if is_privacy(text):
        return failed("privacy_overlap", "privacy", text)
    if reason := query_problem(text):
        return failed(reason, "query", text)
    return failed("unknown", "unknown", text)


def is_privacy(text: str) -> bool:
    """Amazon's refusal of too many queries over the same input."""
    return bool(_PRIVACY.search(text))


def query_problem(text: str) -> str:
    """`sql_invalid` or `param_invalid` when the text says so, else empty.

    Names in quotes are the query's own and may contain any word.
    """
    if _PARAMETER.search(_QUOTED.sub("''", text)):
        return "param_invalid"
    return "sql_invalid" if _POSITION.search(text) or _SQL.search(text) else ""


def standing(
    word: str, status_reason: str, *, cancel_asked: bool, cancel_reason: str
) -> State | Ending | None:
    """Where Amazon's status word puts an execution; None for a word we do not know.

    What has succeeded is collected even if a cancel was asked for: it came first.
    """
    match word:
        case "PENDING":
            return State.PENDING
        case "RUNNING" | "PUBLISHING":
            return State.RUNNING
        case "SUCCEEDED":
            return State.COLLECTING
        case "FAILED":
            return _failed_there(status_reason)
        case "REJECTED":
            return _rejected_there(status_reason)
        case "CANCELLED":
            return _cancelled_there(status_reason, cancel_asked, cancel_reason)
        case _:
            return None


def _failed_there(text: str) -> Ending:
    if is_privacy(text):
        return failed("privacy_overlap", "privacy", text)
    if _POSITION.search(text) or _SQL.search(text):
        return failed("sql_invalid", "query", text)
    if _TIME_LIMIT.search(text):
        return timed_out("timed_out", text)
    return failed("query_failed", "query", text)


def _rejected_there(text: str) -> Ending:
    is_for_privacy = is_privacy(text)
    return Ending(
        state=State.REJECTED,
        reason="privacy_overlap" if is_for_privacy else "rejected",
        error_class="privacy" if is_for_privacy else "query",
        message=text,
    )


def _cancelled_there(text: str, cancel_asked: bool, cancel_reason: str) -> Ending:
    if cancel_asked and cancel_reason == DEADLINE:
        return timed_out("timed_out", text)
    reason = "cancelled" if cancel_asked else "cancelled_at_amazon"
    return Ending(state=State.CANCELLED, reason=reason, message=text)
