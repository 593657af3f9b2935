"""The poll pass: whatever of executions is due at Amazon is looked at, and moved on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from instances.amc.gateway import gateway
from instances.containment import contained
from instances.fault_points import fault_point
from workflows.executions import dues
from workflows.executions.classification import CANNOT_ASK
from workflows.executions.dues import Group
from workflows.executions.looking import look_at, look_without_answer
from workflows.executions.strays import look_after_strays


def poll_due(*, now: Callable[[], datetime], budget: timedelta) -> int:
    """Look at all that is due, as long as the budget lasts. Returns how many.

    Any number of passes may run at once: each row is claimed by one of them.
    """
    started = time.monotonic()

    def may_go_on() -> bool:
        return time.monotonic() - started < budget.total_seconds()

    looked_at = 0
    while may_go_on() and (groups := dues.claim(now=now())):
        fault_point("poll-claimed")
        for number, group in enumerate(groups):
            if not may_go_on():
                dues.give_back(groups[number:], now=now())
                break
            _look_at(group, now, may_go_on)
            looked_at += len(group.due)
    return looked_at + look_after_strays(now=now, may_go_on=may_go_on)


def _look_at(
    group: Group, now: Callable[[], datetime], may_go_on: Callable[[], bool]
) -> None:
    with contained("look failed", instance=group.instance.pk):
        try:
            amazon = gateway(group.instance, group.connection, now=now())
            look_at(group, amazon, now=now, may_go_on=may_go_on)
        except CANNOT_ASK as error:
            look_without_answer(group.due, error, now=now())
