"""Watching runs until they end. Stopping to watch does not stop them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import timedelta

from schedules.management.exits import Exit
from schedules.models import Run
from schedules.states import FINAL_STATES, RunState


def watch(
    run_ids: Collection[int],
    *,
    timeout: timedelta,
    interval: timedelta,
    say: Callable[[str], None],
) -> Exit:
    """Say each change of state until all have ended, or the time is over."""
    give_up_at = time.monotonic() + timeout.total_seconds()
    told: dict[int, str] = {}
    try:
        while True:
            runs = _runs(run_ids)
            _tell_changes(runs, told, say)
            if all(run.state in FINAL_STATES for run in runs):
                succeeded = all(run.state == RunState.SUCCEEDED for run in runs)
                return Exit.DONE if succeeded else Exit.RUN_FAILED
            if time.monotonic() >= give_up_at:
                say("The time is over; what is open goes on without being watched.")
                return Exit.TIMED_OUT
            time.sleep(interval.total_seconds())
    except KeyboardInterrupt:
        say("No longer watching; what is open goes on.")
        return Exit.INTERRUPTED


def _runs(run_ids: Collection[int]) -> list[Run]:
    rows = Run.objects.filter(pk__in=run_ids).select_related("instance")
    return list(rows.order_by("pk"))


def _tell_changes(
    runs: Collection[Run], told: dict[int, str], say: Callable[[str], None]
) -> None:
    for run in runs:
        state = f"{run.state} {run.reason}".strip()
        if told.get(run.pk) != state:
            told[run.pk] = state
            message = f": {run.message}" if run.message else ""
            say(f"run {run.pk} on {run.instance.instance_id}: {state}{message}")
