"""The faults that every change is held against."""

from __future__ import annotations

import pytest

from tests.faults.trial import MIXED, Trial

pytestmark = [pytest.mark.faults, pytest.mark.quick]


def test_f01_the_tick_is_killed_in_the_middle_of_a_claim_five_times(trial: Trial):
    trial.begin(*MIXED)
    trial.stack.points.arm("mid-claim", "kill_group", times=5)
    trial.await_bite("mid-claim", times=5, seconds=60)
    trial.conclude()
