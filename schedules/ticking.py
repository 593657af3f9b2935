"""One tick: what is due is dispatched, what was left behind is swept."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import structlog

from instances.clock import database_now
from instances.containment import contained
from instances.heartbeats import beat
from instances.timing import times
from schedules.dispatch import DispatchCounts, dispatch_due
from schedules.recalculation import recalculate_if_new
from schedules.sweeping import SweepCounts, sweep

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class TickCounts:
    """What a tick did."""

    dispatch: DispatchCounts
    sweep: SweepCounts
    recalculated: int


def tick() -> TickCounts:
    """Dispatch, sweep, give a sign of life. Safe at any time, any number at once.

    A shell: it reads the clock itself, anew for each part, since the first one may
    take long after an outage.
    """
    dispatched = dispatch_due(database_now(), budget=times().dispatch_pass)
    swept = sweep(now=database_now())
    now, recalculated = database_now(), 0
    with contained("next runs not recalculated"):
        recalculated = recalculate_if_new(now=now)
    counts = TickCounts(dispatch=dispatched, sweep=swept, recalculated=recalculated)
    beat("tick", now=now, **asdict(counts))
    if dispatched.schedules or dispatched.failed or swept.failed:
        log.info("tick", **asdict(dispatched), failed_steps=swept.failed)
    return counts
