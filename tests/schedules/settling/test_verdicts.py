"""What an ended execution means for its run: the whole table."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.moves import LEGAL, standing
from schedules.settling.verdicts import Ended, Waits, retry_delay, verdict
from tests.makers import NOON
from workflows.states import OPEN_STATES, ExecutionState

DAY = timedelta(hours=24)
WAITS = Waits(
    first=timedelta(seconds=30),
    longest=timedelta(minutes=15),
    gave_up=DAY,
    credential=timedelta(days=30),
)
UNCOUNTED, COUNTED = False, True


def decide(state: str, reason: str = "", **facts):
    ended = Ended(run_id=7, state=state, reason=reason, message="Why.", **facts)
    return verdict(ended, waits=WAITS, now=NOON)


@pytest.mark.parametrize(
    ("state", "reason", "run", "why", "counts"),
    [
        ("SUCCEEDED", "", "SUCCEEDED", "", UNCOUNTED),
        ("NOT_SUBMITTED", "throttled", "WAITING", "throttled", UNCOUNTED),
        ("NOT_SUBMITTED", "credential", "WAITING", "credential", UNCOUNTED),
        ("NOT_SUBMITTED", "not_found", "WAITING", "retry", UNCOUNTED),
        ("NOT_SUBMITTED", "not_connected", "WAITING", "retry", UNCOUNTED),
        ("NOT_SUBMITTED", "not_sent", "WAITING", "retry", UNCOUNTED),
        ("NOT_SUBMITTED", "not_authorised", "CANCELLED", "not_authorised", UNCOUNTED),
        ("NOT_SUBMITTED", "expired", "FAILED", "gave_up", UNCOUNTED),
        ("NOT_SUBMITTED", "cancelled", "CANCELLED", "cancelled", UNCOUNTED),
        ("FAILED", "sql_invalid", "FAILED", "sql_invalid", COUNTED),
        ("FAILED", "query_failed", "FAILED", "query_failed", COUNTED),
        ("FAILED", "param_invalid", "FAILED", "param_invalid", COUNTED),
        ("FAILED", "param_missing", "FAILED", "param_missing", COUNTED),
        ("FAILED", "unknown", "FAILED", "unknown", COUNTED),
        ("REJECTED", "rejected", "FAILED", "rejected", COUNTED),
        ("TIMED_OUT", "timed_out", "FAILED", "timed_out", COUNTED),
        ("FAILED", "access_denied", "FAILED", "access_denied", UNCOUNTED),
        ("FAILED", "privacy_overlap", "FAILED", "privacy_overlap", UNCOUNTED),
        ("REJECTED", "privacy_overlap", "FAILED", "privacy_overlap", UNCOUNTED),
        (
            "FAILED",
            "submit_outcome_unknown",
            "FAILED",
            "submit_outcome_unknown",
            UNCOUNTED,
        ),
        ("FAILED", "execution_lost", "FAILED", "execution_lost", UNCOUNTED),
        ("TIMED_OUT", "credential_lost", "FAILED", "credential_lost", UNCOUNTED),
        ("FAILED", "result_unavailable", "FAILED", "result_unavailable", UNCOUNTED),
        ("FAILED", "result_invalid", "FAILED", "result_invalid", UNCOUNTED),
        ("FAILED", "storage_full", "FAILED", "storage_full", UNCOUNTED),
        ("FAILED", "worker_killed", "FAILED", "worker_killed", UNCOUNTED),
        (
            "CANCELLED",
            "cancelled_at_amazon",
            "CANCELLED",
            "cancelled_at_amazon",
            UNCOUNTED,
        ),
    ],
)
def test_each_end_has_its_verdict(state, reason, run, why, counts):
    decided = decide(state, reason)

    assert (decided.state, decided.reason) == (run, why)
    assert decided.counts_failure is counts
    assert decided.message == "Why."


@pytest.mark.parametrize(
    ("reason", "turn", "give_up"),
    [
        ("throttled", timedelta(minutes=3), DAY),
        ("credential", timedelta(0), timedelta(days=30)),
    ],
)
def test_waiting_says_when_it_goes_on_and_when_it_ends(reason, turn, give_up):
    decided = decide(
        "NOT_SUBMITTED", reason, throttled_until=NOON + timedelta(minutes=3)
    )

    assert decided.next_action_at == NOON + turn
    assert decided.give_up_at == NOON + give_up


@pytest.mark.parametrize("until", [None, NOON - timedelta(seconds=1)])
def test_a_throttling_that_is_over_delays_nothing(until):
    decided = decide("NOT_SUBMITTED", "throttled", throttled_until=until)

    assert decided.next_action_at == NOON


@pytest.mark.parametrize(
    ("reason", "before", "uses", "state", "why"),
    [
        ("not_found", 0, True, "WAITING", "retry"),
        ("not_found", 1, True, "WAITING", "retry"),
        ("not_found", 2, True, "FAILED", "amazon_unavailable"),
        ("not_connected", 2, True, "FAILED", "amazon_unavailable"),
        ("not_sent", 2, False, "WAITING", "retry"),
        ("not_sent", 3, False, "FAILED", "amazon_unavailable"),
        ("throttled", 9, False, "WAITING", "throttled"),
    ],
)
def test_no_more_attempts_are_made_than_allowed(reason, before, uses, state, why):
    decided = decide(
        "NOT_SUBMITTED",
        reason,
        attempts_before=before,
        uses_attempt=uses,
        max_attempts=3,
    )

    assert (decided.state, decided.reason) == (state, why)
    assert not decided.counts_failure


@pytest.mark.parametrize(
    "reason", ["not_found", "not_connected", "not_sent", "throttled", "credential"]
)
def test_a_slot_of_something_paused_gets_no_further_attempt(reason):
    decided = decide("NOT_SUBMITTED", reason, is_barred=True)

    assert (decided.state, decided.reason) == ("CANCELLED", "target_paused")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("FAILED", "sql_invalid"),
        ("TIMED_OUT", "timed_out"),
        ("REJECTED", "rejected"),
        ("CANCELLED", "cancelled"),
        ("NOT_SUBMITTED", "not_found"),
        ("NOT_SUBMITTED", "throttled"),
        ("NOT_SUBMITTED", "credential"),
    ],
)
def test_a_cancel_that_was_asked_for_wins(state, reason):
    decided = decide(state, reason, cancel_requested=True)

    assert (decided.state, decided.reason) == ("CANCELLED", "cancelled")
    assert not decided.counts_failure


def test_a_success_wins_over_a_cancel():
    assert decide("SUCCEEDED", cancel_requested=True).state == "SUCCEEDED"


@pytest.mark.parametrize(
    ("attempts", "least", "most"),
    [(0, 24, 36), (1, 48, 72), (2, 96, 144), (3, 192, 288), (6, 900, 900)],
)
def test_retries_come_ever_later(attempts, least, most):
    delays = {retry_delay(run, attempts, waits=WAITS) for run in range(200)}

    assert min(delays) >= timedelta(seconds=least)
    assert max(delays) <= timedelta(seconds=most)
    assert len(delays) > 100 or attempts == 6


def test_a_retry_comes_when_its_attempt_says():
    decided = decide("NOT_SUBMITTED", "not_found", uses_attempt=True)

    assert decided.next_action_at == NOON + retry_delay(7, 0, waits=WAITS)
    assert decided.give_up_at == NOON + DAY


ENDS = [state for state in ExecutionState.values if state not in OPEN_STATES]


@given(
    state=st.sampled_from(ENDS),
    reason=st.sampled_from(["", "throttled", "credential", "not_found", "brand_new"]),
    cancel=st.booleans(),
    barred=st.booleans(),
    before=st.integers(min_value=0, max_value=10_000),
)
def test_every_verdict_is_a_legal_move_of_a_running_run(
    state, reason, cancel, barred, before
):
    decided = decide(
        state,
        reason,
        cancel_requested=cancel,
        is_barred=barred,
        attempts_before=before,
    )

    assert standing(decided.state, decided.reason) in LEGAL["RUNNING"]
    assert (decided.state == "WAITING") == (decided.next_action_at is not None)
    assert decided.state not in ("FAILED", "CANCELLED") or decided.reason
