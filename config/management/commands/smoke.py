"""`manage.py smoke`: does the whole product work on this machine?"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from config.environment import BASE_DIR
from config.smoke.errors import SmokeFailed
from config.smoke.story import Outcome
from config.smoke.trial import run_trial


class Command(BaseCommand):
    help = (
        "Start everything on free ports in a temporary folder, let Celery Beat's clock "
        "run a schedule on two instances of the sandbox, compare the results, stop."
    )
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        begun = time.monotonic()
        try:
            outcome = run_trial(BASE_DIR, os.environ)
        except SmokeFailed as error:
            self.stderr.write(error.logs)
            self.stderr.write(f"SMOKE FAILED: {error}")
            sys.exit(1)
        self.stdout.write(summary(outcome, time.monotonic() - begun))


def summary(outcome: Outcome, seconds: float) -> str:
    """One line for people and logs."""
    return (
        f"SMOKE OK: slots {', '.join(outcome.scheduled_for)} ran on "
        f"{', '.join(outcome.instances)}; {outcome.rows} rows equal Amazon's; "
        f"{seconds:.0f} s in all, {outcome.seconds:.0f} s from schedule to results."
    )
