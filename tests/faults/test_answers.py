"""Faults in what Amazon answers: refused tokens, throttling, nonsense."""

from __future__ import annotations

import pytest

from tests.faults.trial import MIXED, Trial

pytestmark = pytest.mark.faults

FEW = {"copies": 3, "overlap_policy": "allow", "missed_policy": "all"}


@pytest.mark.quick
def test_f31_every_access_token_is_refused_for_a_while(trial: Trial):
    trial.begin(FEW | {"copies": 8})
    trial.wait(8)
    before = len(trial.amc.requests("token"))
    refused = trial.amc.faults("expired_token")
    trial.wait(15)
    trial.bit(trial.amc.hits(refused))
    trial.amc.clear_fault(refused)
    asked = len(trial.amc.requests("token")) - before

    trial.conclude()
    assert asked <= 15, f"{asked} refreshes"
