"""Which listed executions are the one that a row asks about. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from instances.amc.answers import Execution
from instances.errors import UnknownTimezone
from instances.zones import zone
from workflows.executions.marks import mark_in, without_mark

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What was sent, as it was sent. `slack` is how far Amazon's clock may differ."""

    mark: str
    sql: str
    window_start: str
    window_end: str
    window_timezone: str
    sending_at: datetime
    slack: timedelta


@dataclass(frozen=True, kw_only=True)
class Found:
    """`executions`: the earliest first. `is_unclear`: neither presence nor absence.

    `by_likeness`: they carry no mark, but nothing else tells them from what was sent.
    """

    executions: tuple[Execution, ...] = ()
    by_likeness: bool = False
    is_unclear: bool = False


def search(
    sought: Sought,
    listed: Iterable[Execution],
    *,
    known: Collection[str],
) -> Found:
    """The executions that carry the mark; else the one that fits without a mark.

    Should Amazon drop comments, marks are lost: then SQL, window and zone must do,
    and the time of creation. `known` are the ids that other rows account for.
    """
    listed = list(listed)
    marked = [each for each in listed if mark_in(each.sql or "") == sought.mark]
    if marked:
        return Found(executions=tuple(sorted(marked, key=_age)))
    fitting = [
        each for each in listed if each.id not in known and _could_be(sought, each)
    ]
    if len(fitting) > 1:
        return Found(is_unclear=True)
    return Found(executions=tuple(fitting), by_likeness=bool(fitting))


def plain(sql: str) -> str:
    """SQL for comparing: without mark, and blanks as one."""
    return " ".join(without_mark(sql).split())


def _could_be(sought: Sought, listed: Execution) -> bool:
    if listed.sql is None or mark_in(listed.sql):
        return False
    earliest = sought.sending_at - sought.slack
    return (
        plain(listed.sql) == plain(sought.sql)
        and (listed.created_at is None or listed.created_at >= earliest)
        and _window(listed.window_start, listed.window_end, listed.window_timezone)
        == _window(sought.window_start, sought.window_end, sought.window_timezone)
    )


def _window(start: str, end: str, timezone: str) -> tuple[datetime | None, ...]:
    return _instant(start, timezone), _instant(end, timezone)


def _instant(text: str, timezone: str) -> datetime | None:
    """A local time in its zone, or one that says itself that it is UTC.

    None for what says no instant: others may have made anything at Amazon.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(timezone or "UTC"))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, UnknownTimezone):
        return None


def _age(execution: Execution) -> tuple[datetime, str]:
    return execution.created_at or _LAST, execution.id
