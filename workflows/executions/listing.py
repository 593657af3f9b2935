"""Amazon's list of an instance's executions, read as far as is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from instances.amc.answers import Execution
from instances.amc.gateway import Gateway


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What was listed, and when we began to ask for it. `date` is Amazon's clock.

    `is_whole`: nothing follows, and each one has its SQL; only then does an absence
    prove something.
    """

    executions: tuple[Execution, ...]
    is_whole: bool
    begun_at: datetime
    date: datetime | None
    by_id: Mapping[str, Execution] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_id = {each.id: each for each in self.executions}
        object.__setattr__(self, "by_id", by_id)


def read_whole(
    amazon: Gateway, *, since: datetime, now: Callable[[], datetime]
) -> Listing:
    """All pages, with cancelled executions, each with its SQL."""
    begun_at = now()
    page = amazon.all_executions(since=since)
    return Listing(
        executions=page.executions,
        is_whole=page.complete,
        begun_at=begun_at,
        date=page.date,
    )


def read_until_seen(
    amazon: Gateway,
    wanted: Collection[str],
    *,
    since: datetime,
    now: Callable[[], datetime],
) -> Listing:
    """The newest pages, until all `wanted` ids have been seen.

    At most as many pages as ids: beyond that, asking for each one costs less.
    """
    begun_at = now()
    page = amazon.executions(since=since)
    listed = list(page.executions)
    for _ in range(len(wanted) - 1):
        if page.next_token is None or {each.id for each in listed} >= set(wanted):
            break
        page = amazon.executions(since=since, next_token=page.next_token)
        listed += page.executions
    return Listing(
        executions=tuple(listed), is_whole=False, begun_at=begun_at, date=page.date
    )
