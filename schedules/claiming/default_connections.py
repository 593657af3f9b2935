"""Which connection a run uses: its schedule's, else one of the owner's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from instances.models import Connection
from schedules.models import Schedule


class DefaultConnections:
    """The connections that some schedules may use, read with one query."""

    def __init__(self, schedules: Collection[Schedule]) -> None:
        self._present: set[int] = set()
        self._accounts: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        chosen = Q(pk__in={s.connection_id for s in schedules if s.connection_id})
        owned = Q(owner__in={schedule.owner_id for schedule in schedules})
        rows = (
            Connection.objects.filter(chosen | owned, deleted_at=None)
            .annotate(account_ids=ArrayAgg("accounts", default=[]))
            .order_by("id")
            .values_list("id", "owner_id", "account_ids")
        )
        for connection_id, owner_id, account_ids in rows:
            self._present.add(connection_id)
            self._accounts[owner_id].append((connection_id, account_ids))

    def connection_id(self, schedule: Schedule, account_id: int | None) -> int | None:
        """The schedule's own while it is there; else, of the owner's, the oldest that
        lists the account, or else the oldest; None without any.

        Held ones count: their runs wait for the person to connect again.
        """
        if schedule.connection_id in self._present:
            return schedule.connection_id
        mine = self._accounts[schedule.owner_id]
        listing = (found for found, accounts in mine if account_id in accounts)
        return next(listing, mine[0][0] if mine else None)
