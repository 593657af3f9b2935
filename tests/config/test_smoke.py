"""How the smoke test reads what it sees; `make smoke` is the test of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from config.management.commands.smoke import summary
from config.smoke import story
from config.smoke.errors import SmokeFailed
from config.smoke.story import Outcome


def run(**changes: Any) -> dict[str, Any]:
    given = {
        "id": 1,
        "instance_id": "amcsandbox01",
        "trigger": "schedule",
        "scheduled_for": "2026-11-30T12:00:00Z",
        "state": "SUCCEEDED",
        "reason": "",
        "message": "",
    }
    return given | changes


def test_the_earliest_slot_of_each_target_counts() -> None:
    later = run(id=2, scheduled_for="2026-11-30T12:01:00Z")
    other = run(id=3, instance_id="amcsandbox02")

    assert story.first_runs([later, other, run()]) == [other, run()]


def test_a_run_by_hand_is_no_proof_of_the_clock() -> None:
    assert story.first_runs([run(trigger="manual")]) == []


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "SKIPPED"])
def test_a_run_that_went_wrong_is_named(state: str) -> None:
    failed = run(state=state, reason="access_denied", message="No such account.")

    with pytest.raises(SmokeFailed, match=rf"Run 1 .* is {state} \(access_denied\)"):
        story.refuse_failures([run(), failed])


def test_runs_under_way_are_no_failures() -> None:
    story.refuse_failures([run(state=state) for state in ("PENDING", "RUNNING")])


def test_the_summary_is_one_line() -> None:
    outcome = Outcome(
        instances=["amcsandbox01", "amcsandbox02"],
        rows=42,
        scheduled_for=["2026-11-30T12:00:00Z"],
        seconds=61.4,
    )

    assert summary(outcome, 75.2) == (
        "SMOKE OK: slots 2026-11-30T12:00:00Z ran on amcsandbox01, amcsandbox02; "
        "42 rows equal Amazon's; 75 s in all, 61 s from schedule to results."
    )
