"""Every answer of Amazon, and what it makes of an execution."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.amc.errors import (
    AmcError,
    Forbidden,
    NeverConnected,
    NotFound,
    NoUsableAnswer,
    Refused,
    Throttled,
    TokenRejected,
)
from instances.errors import (
    AccountMissing,
    ApplicationHeld,
    CredentialRefused,
    InstancesError,
    LwaUnavailable,
    NotPermitted,
)
from workflows.executions.classification import (
    after_post,
    query_problem,
    standing,
    without_token,
)
from workflows.executions.endings import Ending
from workflows.states import ExecutionState as State

PRIVACY = (
    'Execution "X" of workflow "Y" could not be run because too many workflows have '
    "already been run against the same input data sources in the same or overlapping "
    "time windows."
)
COMPILE = "Was unable to compile workflow X because it was found to be invalid: "


@pytest.mark.parametrize(
    ("error", "state", "reason", "error_class", "uses_attempt"),
    [
        (Throttled("Slow down"), "NOT_SUBMITTED", "throttled", "throttled", False),
        (
            Throttled("", retry_after=timedelta(seconds=9)),
            "NOT_SUBMITTED",
            "throttled",
            "throttled",
            False,
        ),
        (TokenRejected("No"), "NOT_SUBMITTED", "throttled", "throttled", False),
        (NeverConnected("DNS"), "NOT_SUBMITTED", "not_connected", "transient", True),
        (LwaUnavailable(), "NOT_SUBMITTED", "not_connected", "transient", True),
        (CredentialRefused(), "NOT_SUBMITTED", "credential", "credential", False),
        (ApplicationHeld(), "NOT_SUBMITTED", "credential", "application", False),
        (AccountMissing(), "FAILED", "account_missing", "", False),
        (Forbidden("Terms"), "FAILED", "access_denied", "access", True),
        (Refused(PRIVACY), "FAILED", "privacy_overlap", "privacy", True),
        (Refused("Whatever"), "FAILED", "unknown", "unknown", True),
        (NotFound("Gone"), "FAILED", "unknown", "unknown", True),
        (Refused(COMPILE + "no reason"), "FAILED", "sql_invalid", "query", True),
    ],
)
def test_a_post_that_was_not_accepted_ends_the_execution(
    error: InstancesError, state: str, reason: str, error_class: str, uses_attempt: bool
) -> None:
    ending = after_post(error)

    assert ending == Ending(
        state=State(state),
        reason=reason,
        error_class=error_class,
        message=error.text if isinstance(error, AmcError) else error.message,
        uses_attempt=uses_attempt,
    )


@pytest.mark.parametrize(
    "error", [NoUsableAnswer("Time-out"), NoUsableAnswer(), Refused(""), NotFound(" ")]
)
def test_without_a_usable_answer_nothing_is_concluded(error: AmcError) -> None:
    assert after_post(error) is None


def test_a_fault_of_ours_is_no_answer_of_amazon() -> None:
    with pytest.raises(NotPermitted):
        without_token(NotPermitted())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("From line 1, column 8 to line 1, column 13: Object 'x' not found", "sql"),
        ("Column 'y' not found in any table", "sql"),
        ("Column 'parameters' not found in any table", "sql"),
        ("Unsupported scalar operation type ||", "sql"),
        (COMPILE + 'Encountered "FORM" at line 1, column 10.', "sql"),
        ("The workflow's sqlQuery is empty", "sql"),
        (COMPILE + "Parameter 'from' is not declared", "param"),
        ("No value was given for parameter 'x' and it has no default", "param"),
        ("From line 1, column 8: No value was given for parameter 'x'", "param"),
        ("inputParameters must have at most 100 items; parameters found: 101", "param"),
        ("The limit of ad hoc executions per day has been reached.", ""),
        ("Terms and conditions must be accepted to continue", ""),
        ("", ""),
    ],
)
def test_texts_about_the_query_are_told_apart(text: str, problem: str) -> None:
    assert query_problem(text) == (f"{problem}_invalid" if problem else "")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", State.PENDING),
        ("RUNNING", State.RUNNING),
        ("PUBLISHING", State.RUNNING),
        ("SUCCEEDED", State.COLLECTING),
        ("ARCHIVED", None),
        ("", None),
        ("pending", None),
    ],
)
@pytest.mark.parametrize("cancel_asked", [False, True])
def test_words_that_end_nothing(
    word: str, state: State | None, cancel_asked: bool
) -> None:
    """What has succeeded is collected, cancel or not."""
    assert (
        standing(word, "", cancel_asked=cancel_asked, cancel_reason="deadline") is state
    )


@pytest.mark.parametrize(
    ("word", "text", "state", "reason", "error_class"),
    [
        ("FAILED", "", "FAILED", "query_failed", "query"),
        ("FAILED", "Disk error", "FAILED", "query_failed", "query"),
        ("FAILED", "At line 2, column 4: boo", "FAILED", "sql_invalid", "query"),
        ("FAILED", PRIVACY, "FAILED", "privacy_overlap", "privacy"),
        ("FAILED", "Execution timed out", "TIMED_OUT", "timed_out", "query"),
        ("FAILED", "It hit the time limit", "TIMED_OUT", "timed_out", "query"),
        ("REJECTED", "", "REJECTED", "rejected", "query"),
        ("REJECTED", PRIVACY, "REJECTED", "privacy_overlap", "privacy"),
    ],
)
def test_words_that_end_the_execution(
    word: str, text: str, state: str, reason: str, error_class: str
) -> None:
    assert standing(word, text, cancel_asked=False, cancel_reason="") == Ending(
        state=State(state), reason=reason, error_class=error_class, message=text
    )


@pytest.mark.parametrize(
    ("cancel_asked", "cancel_reason", "state", "reason"),
    [
        (False, "", "CANCELLED", "cancelled_at_amazon"),
        (True, "Not needed", "CANCELLED", "cancelled"),
        (True, "deadline", "TIMED_OUT", "timed_out"),
    ],
)
def test_a_cancelled_execution_says_who_wanted_it(
    cancel_asked: bool, cancel_reason: str, state: str, reason: str
) -> None:
    ending = standing(
        "CANCELLED", "", cancel_asked=cancel_asked, cancel_reason=cancel_reason
    )

    assert isinstance(ending, Ending)
    assert (ending.state, ending.reason) == (state, reason)
