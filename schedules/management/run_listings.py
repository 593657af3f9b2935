"""Runs by hand as commands print them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from instances.errors import UnknownTimezone
from instances.zones import zone
from schedules.management.listings import Listing
from schedules.models import Run
from schedules.rehearsal import rehearsed, sql_of
from schedules.triggering import Outcome, Refusal


def run_listing(runs: Sequence[Run], outcome: Outcome) -> Listing:
    """Runs that are stored, and beside them the targets that were refused."""
    return Listing(
        schema="amc.runs.triggered/1",
        items=[_item(run) for run in runs],
        headings=("RUN", "INSTANCE", "STATE", "SCHEDULED FOR", "WINDOW"),
        rows=[
            (
                str(run.pk),
                run.instance.instance_id,
                f"{run.state} {run.reason}".strip(),
                _on_the_wall(run),
                _dates(run),
            )
            for run in runs
        ],
        facts={"refused": _refused(outcome.refused)},
    )


def rehearsal_listing(outcome: Outcome) -> Listing:
    """What would be sent. Raises as `rehearsed`."""
    requests = [(run, sql_of(rehearsed(run))) for run in outcome.runs]
    return Listing(
        schema="amc.runs.rehearsed/1",
        items=[_rehearsed_item(run, sql) for run, sql in requests],
        headings=("INSTANCE", "WINDOW", "SQL"),
        rows=[(run.instance.instance_id, _dates(run), sql) for run, sql in requests],
        facts={"refused": _refused(outcome.refused)},
    )


def _item(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "schedule": run.schedule_id,
        "target": run.target_id,
        "instance_id": run.instance.instance_id,
        "instance_name": run.instance.name,
        "trigger": run.trigger,
        "state": run.state,
        "reason": run.reason,
        "message": run.message,
        "scheduled_for": run.scheduled_for,
        "window_start": run.window_start,
        "window_end": run.window_end,
        "window_timezone": run.window_timezone,
        "parameter_values": run.parameter_values,
    }


def _rehearsed_item(run: Run, sql: str) -> dict[str, Any]:
    unborn = ("id", "state", "reason", "message")
    item = {name: value for name, value in _item(run).items() if name not in unborn}
    return item | {"sql": sql}


def _refused(refused: Sequence[Refusal]) -> list[dict[str, Any]]:
    return [
        {
            "target": refusal.target.pk,
            "instance_id": refusal.target.instance.instance_id,
            "code": refusal.error.code,
            "detail": refusal.error.message,
        }
        for refusal in refused
    ]


def _on_the_wall(run: Run) -> str:
    name = run.schedule.timezone if run.schedule else "UTC"
    try:
        moment = run.scheduled_for.astimezone(zone(name))
    except UnknownTimezone:
        moment = run.scheduled_for
    return f"{moment:%d %b %Y %H:%M %Z}"


def _dates(run: Run) -> str:
    """The first and the last day, and the zone that they are days of."""
    if run.window_start is None or run.window_end is None:
        return ""
    last: date = run.window_end - timedelta(days=1)
    return f"{run.window_start} – {last} ({run.window_timezone})"
