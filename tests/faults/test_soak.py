"""F46: random mishaps, for MINUTES, in rounds that are each checked at their end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.faults.mishaps import MISHAPS
from tests.faults.trial import MIXED, Trial

pytestmark = [pytest.mark.faults, pytest.mark.soak]


def test_f46_random_mishaps(new_trial: Callable[[str], AbstractContextManager[Trial]]):
    deadline = time.monotonic() + 60 * float(os.environ["MINUTES"])
    number = 0
    while not number or time.monotonic() < deadline:
        number += 1
        with new_trial(f"F46-{number}") as trial:
            _one_round(trial)


def _one_round(trial: Trial) -> None:
    """What was done is said first, so that a failure can be told."""
    trial.begin(*MIXED, accounts=2)
    for _ in range(trial.dice.randrange(3, 8)):
        mishap = trial.dice.choice(MISHAPS)
        sys.stdout.write(f"\n{trial.fault}: {mishap.__name__}")
        sys.stdout.flush()
        mishap(trial)
        trial.bit(1)
        trial.wait(trial.dice.uniform(2, 8))
    trial.conclude(quiet_seconds=150)
