"""Who changed what, from where and why: fills each history row written in a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instances.models import User
from instances.models.changes import Change

LONGEST_REASON = 100  # of django-simple-history's column


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the history rows of one piece of work have in common."""

    actor: User | None
    origin: Change.Origin
    reason: str
    now: datetime


_circumstances: ContextVar[Circumstances | None] = ContextVar(
    "circumstances", default=None
)


@contextmanager
def changing(
    actor: User | None, origin: Change.Origin, reason: str = "", *, now: datetime
) -> Iterator[None]:
    """Sign each change recorded inside; an inner block wins over an outer one."""
    token = _circumstances.set(
        Circumstances(actor=actor, origin=origin, reason=reason, now=now)
    )
    try:
        yield
    finally:
        _circumstances.reset(token)


def record_created(rows: Sequence[Any], *, now: datetime) -> None:
    """History rows for many new objects of one model, which signals do not see."""
    _write(rows, "", is_update=False, now=now)


def note(row: Any, text: str, *, now: datetime) -> None:
    """Say in an object's history what happened around it, without changing it."""
    _write([row], text, is_update=True, now=now)


def _write(rows: Sequence[Any], text: str, *, is_update: bool, now: datetime) -> None:
    if not rows:
        return
    said = _circumstances.get() or Circumstances(
        actor=None, origin=Change.Origin.SYSTEM, reason="", now=now
    )
    type(rows[0]).history.bulk_history_create(
        rows,
        update=is_update,
        default_user=said.actor,
        default_change_reason=(text or said.reason)[:LONGEST_REASON],
        default_date=said.now,
        custom_historical_attrs={"origin": said.origin},
    )


def sign(*, history_instance: Any, **signal: object) -> None:
    """Complete a history row before it is written (a signal receiver)."""
    circumstances = _circumstances.get()
    if circumstances is None:
        return
    history_instance.history_user = circumstances.actor
    history_instance.origin = circumstances.origin
    history_instance.history_change_reason = circumstances.reason[:LONGEST_REASON]
    history_instance.history_date = circumstances.now
