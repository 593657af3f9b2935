"""What becomes of a run that wants into the queue. Pure: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """Where a run goes from PENDING or WAITING(overlap)."""

    FAIL = "it can never be sent"
    SKIP = "it shall not be sent"
    WAIT = "another run of its target comes first"
    HOLD = "Amazon does not take its connection"
    QUEUE = "it waits for a place"


@dataclass(frozen=True, kw_only=True)
class Lack:
    """What a run would need to be sent: a stable reason, and words for people."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was seen of a run and its surroundings, under its target's lock.

    `blocked_by` is the exclusive run of the same target that comes first, if any.
    """

    is_slot: bool = True
    is_pending: bool = True
    lack: Lack | None = None
    target_is_paused: bool = False
    schedule_is_paused: bool = False
    owner_may_run: bool = True
    blocked_by: int | None = None
    skips_overlap: bool = True
    connection_is_usable: bool = True


@dataclass(frozen=True, kw_only=True)
class Step:
    """The way it goes; `reason` and `message` where it ends."""

    way: Way
    reason: str = ""
    message: str = ""


def step(facts: Facts) -> Step:
    """The first thing that stands in the run's way, in the order people expect."""
    if facts.lack:
        return Step(way=Way.FAIL, reason=facts.lack.reason, message=facts.lack.message)
    if facts.is_slot and facts.target_is_paused:
        return Step(way=Way.SKIP, reason="target_paused")
    if facts.is_slot and facts.schedule_is_paused:
        return Step(way=Way.SKIP, reason="schedule_paused")
    if not facts.owner_may_run:
        return Step(way=Way.SKIP, reason="not_authorised")
    if facts.blocked_by is not None:
        gives_way = facts.is_slot and facts.is_pending and facts.skips_overlap
        return Step(way=Way.SKIP, reason="overlap") if gives_way else Step(way=Way.WAIT)
    if not facts.connection_is_usable:
        return Step(way=Way.HOLD)
    return Step(way=Way.QUEUE)
