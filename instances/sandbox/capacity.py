"""Who runs when: places per instance and account, and every move the clock makes.

Pure: the moves are worked out in order of time from what is known, so it does not
matter how often or how late somebody looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from instances.sandbox.executions import BUSY, Execution, Status

TIMED_OUT = "Workflow execution exceeded its timeout of {seconds} seconds."


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How many executions run at once; the others wait as PENDING."""

    per_instance: int = 10
    per_account: int = 200


def advance(
    executions: Iterable[Execution],
    *,
    now: datetime,
    caps: Caps,
    since: datetime | None = None,
) -> datetime:
    """Make every move due by `now` within one account; returns how far time came.

    It stops where an execution should end whose SQL is still being worked on: its
    place may be the next one's. Give it an outcome and call again. `since` is what
    the call before returned: who waited then can start no sooner.
    """
    open_ones = [execution for execution in executions if not execution.is_final]
    queue = Queue(open_ones, caps=caps, since=since)
    while (moment := queue.next_moment()) is not None and moment <= now:
        queue.work_off(moment)
    return min(now, queue.stops_at() or now)


class Queue:
    """The open executions of one account during one `advance`."""

    def __init__(
        self, executions: list[Execution], *, caps: Caps, since: datetime | None
    ) -> None:
        self._caps = caps
        self._busy = [e for e in executions if e.status in BUSY]
        self._taken = Counter(e.instance.instance_id for e in self._busy)
        self._waiting: dict[str, deque[Execution]] = defaultdict(deque)
        self._freed_at = since
        for execution in sorted(executions, key=turn):
            if may_start(execution):
                self._waiting[execution.instance.instance_id].append(execution)

    def next_moment(self) -> datetime | None:
        """When the next move happens, as far as is known now."""
        moments = [end for e in self._busy if (end := next_end(e)) is not None]
        if (first := self._next_to_start()) is not None:
            moments.append(self._start_of(first))
        moment, stop = min(moments, default=None), self.stops_at()
        if moment is not None and stop is not None and stop <= moment:
            return None
        return moment

    def stops_at(self) -> datetime | None:
        """Beyond this nothing is known, until some SQL is done."""
        due = [since for e in self._busy if (since := awaited_since(e)) is not None]
        return min(due, default=None)

    def work_off(self, moment: datetime) -> None:
        """Ends first: they make room for starts at the same moment."""
        for execution in list(self._busy):
            end = next_end(execution)
            if end is not None and end <= moment:
                self._move_on(execution, at=end)
        while (first := self._next_to_start()) and self._start_of(first) <= moment:
            self._start(first, at=moment)

    def _next_to_start(self) -> Execution | None:
        if len(self._busy) >= self._caps.per_account:
            return None
        heads = (
            queue[0]
            for instance_id, queue in self._waiting.items()
            if queue and self._taken[instance_id] < self._caps.per_instance
        )
        return min(heads, key=turn, default=None)

    def _start_of(self, execution: Execution) -> datetime:
        """Not before a place was free."""
        ready = execution.ready_at
        return max(ready, self._freed_at or ready)

    def _start(self, execution: Execution, *, at: datetime) -> None:
        execution.started_at = at
        execution.move(Status.RUNNING, at=at)
        instance_id = execution.instance.instance_id
        self._waiting[instance_id].popleft()
        self._taken[instance_id] += 1
        self._busy.append(execution)

    def _move_on(self, execution: Execution, *, at: datetime) -> None:
        end(execution, at=at)
        if execution.is_final:
            self._busy.remove(execution)
            self._taken[execution.instance.instance_id] -= 1
            self._freed_at = at


def turn(execution: Execution) -> tuple[datetime, int]:
    return execution.ready_at, execution.number


def may_start(execution: Execution) -> bool:
    return execution.status is Status.PENDING and not execution.is_stuck_in(
        Status.PENDING
    )


def next_end(execution: Execution) -> datetime | None:
    """When a busy execution makes its next move; None while that is open."""
    if execution.status is Status.PUBLISHING:
        return execution.updated_at + execution.pace.publishing
    if exceeds_limit(execution):
        return execution.times_out_at
    return execution.work_ends_at if execution.outcome is not None else None


def awaited_since(execution: Execution) -> datetime | None:
    """When it should have ended, if only its SQL is not done yet."""
    is_open = execution.status is Status.RUNNING and execution.outcome is None
    return None if not is_open or exceeds_limit(execution) else execution.work_ends_at


def exceeds_limit(execution: Execution) -> bool:
    """Whether the time limit ends it, before its SQL could."""
    due, limit = execution.work_ends_at, execution.times_out_at
    is_longer = due is not None and limit is not None and due > limit
    return is_longer or execution.is_stuck_in(Status.RUNNING)


def end(execution: Execution, *, at: datetime) -> None:
    """RUNNING → its end, by way of PUBLISHING when there is a result to write."""
    outcome = execution.outcome
    if execution.status is Status.RUNNING and exceeds_limit(execution):
        seconds = execution.submission.timeout_seconds
        execution.reason = TIMED_OUT.format(seconds=seconds)
        execution.move(Status.FAILED, at=at)
    elif outcome is None:
        raise RuntimeError("An execution cannot end before its SQL has.")
    elif execution.status is Status.RUNNING and outcome.files:
        execution.move(Status.PUBLISHING, at=at)
    else:
        execution.reason = outcome.reason
        execution.move(outcome.status, at=at)
