"""Whether a target's window and values can be sent, asked before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from instances.zones import zone
from schedules.models import Target
from workflows import parameters
from workflows.lifecycle import newest_version
from workflows.windows import Window, resolve


def check_target(
    target: Target,
    *,
    slot: datetime,
    values: Mapping[str, Any] | None = None,
    window: Window | None = None,
) -> None:
    """Resolve what a run for `slot` would ask for; `values` and `window` of its own.

    Raises InvalidWindow or InvalidParameter naming the field.
    """
    schedule = target.schedule
    workflow = schedule.workflow
    dates_timezone = target.dates_timezone
    window = window or resolve(schedule.window_rule, slot, dates_timezone)
    merged = parameters.merge(
        workflow.parameter_values,
        schedule.parameter_values,
        target.parameter_values,
        values or {},
    )
    slot_date = slot.astimezone(zone(dates_timezone)).date()
    evaluated = parameters.evaluate(merged, window, slot_date)
    parameters.check(newest_version(workflow).parameters, evaluated)
