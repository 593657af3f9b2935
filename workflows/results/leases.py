"""The lease on fetching a result: one collector at a time, its token the guard."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from instances.timing import times
from workflows.executions import moves
from workflows.executions.endings import Ending
from workflows.models import WorkflowExecution
from workflows.models.executions import ExecutionQuerySet
from workflows.states import ExecutionState as State

BYTES_A_MINUTE = 1_000_000
"""A slower download gets no longer lease."""


class LeaseLost(Exception):
    """Another collector has it now, or the execution has ended."""


class TooSlow(Exception):
    """So little came that the lease was not renewed."""


class Lease:
    """Everything that its holder writes carries its token."""

    def __init__(self, execution_id: int, token: int, now: Callable[[], datetime]):
        self.execution_id = execution_id
        self.token = token
        self._now = now
        self._renewed = time.monotonic()
        self._bytes = 0

    def came(self, size: int) -> None:
        """Count what was fetched, and hold the lease longer when enough came.

        Raises LeaseLost and TooSlow.
        """
        self._bytes += size
        since = time.monotonic() - self._renewed
        if since < times().collect_renew.total_seconds():
            return
        if self._bytes >= BYTES_A_MINUTE * since / 60:
            self._renew()
        elif since > times().collect_lease.total_seconds():
            raise TooSlow(f"{self._bytes} bytes came in {since:.0f} seconds.")

    def put_back(self, *, next_look: datetime, reason: str, message: str) -> bool:
        """Let a later collector try. This one was not killed, so it does not count."""
        return self._stay(
            next_poll_at=next_look,
            claims=0,
            reason=reason,
            message=moves.kept(message),
        )

    def end(self, ending: Ending) -> bool:
        return moves.end(
            self.execution_id,
            ending,
            origins=[State.COLLECTING],
            guard=self._guard,
            now=self._now(),
        )

    @property
    def _guard(self) -> Q:
        return Q(lease_token=self.token)

    def _renew(self) -> None:
        until = self._now() + times().collect_lease
        enough = {"claims": 0} if self._bytes >= BYTES_A_MINUTE else {}
        if not self._stay(next_poll_at=until, **enough):
            raise LeaseLost
        self._renewed = time.monotonic()
        self._bytes = 0

    def _stay(self, **columns: Any) -> bool:
        return moves.stay(
            self.execution_id, states=[State.COLLECTING], guard=self._guard, **columns
        )


def lease(execution: WorkflowExecution, *, now: Callable[[], datetime]) -> Lease | None:
    """Take the execution as it was read; None when another collector was faster.

    What was never leased may be taken at once: until then `next_poll_at` says only
    when its message is sent again.
    """
    moment, token = now(), execution.lease_token
    is_free = Q(lease_token=0) | Q(next_poll_at__lte=moment)
    is_mine = moves.stay(
        execution.pk,
        states=[State.COLLECTING],
        guard=Q(lease_token=token) & is_free,
        lease_token=token + 1,
        claims=F("claims") + 1,
        next_poll_at=moment + times().collect_lease,
    )
    return Lease(execution.pk, token + 1, now) if is_mine else None


def is_anything_to_collect(*, now: datetime) -> bool:
    return _due(now).exists()


def to_be_collected(*, now: datetime, limit: int) -> list[int]:
    """Results to send a message for, the longest waiting first.

    One that nobody has taken yet gets its next message later; one whose lease has
    passed is free to take from now on, so its row is left as it is.
    """
    due = _due(now)
    ids = list(due.order_by("next_poll_at", "pk").values_list("pk", flat=True)[:limit])
    due.filter(pk__in=ids, lease_token=0).update(next_poll_at=now + times().hint_again)
    return ids


def _due(now: datetime) -> ExecutionQuerySet:
    return WorkflowExecution.objects.filter(
        state=State.COLLECTING, next_poll_at__lte=now
    )
