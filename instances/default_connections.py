"""Which connection is used: the one that was chosen, else one of the owner's.

Births of runs ask here, so does the release from a hold, and whoever foretells either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from instances.models import Connection


class Asker(Protocol):
    """Whatever has an owner and perhaps a connection that was chosen for it."""

    @property
    def connection_id(self) -> int | None: ...
    @property
    def owner_id(self) -> int: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A connection that is not deleted, and what its use depends on."""

    id: int
    is_held: bool
    account_ids: frozenset[int]


class DefaultConnections:
    """The connections that some askers may use, read with one query."""

    def __init__(self, askers: Collection[Asker]) -> None:
        self._by_id: dict[int, Candidate] = {}
        self._of_owner: dict[int, list[Candidate]] = defaultdict(list)
        chosen = Q(pk__in={each.connection_id for each in askers if each.connection_id})
        owned = Q(owner__in={each.owner_id for each in askers})
        rows = (
            Connection.objects.filter(chosen | owned, deleted_at=None)
            .annotate(account_ids=ArrayAgg("accounts", default=[]))
            .values_list("id", "owner_id", "held_at", "account_ids")
        )
        for connection_id, owner_id, held_at, account_ids in rows:
            found = Candidate(
                id=connection_id,
                is_held=held_at is not None,
                account_ids=frozenset(account_ids),
            )
            self._by_id[connection_id] = found
            self._of_owner[owner_id].append(found)

    def connection_id(self, asker: Asker, account_id: int | None) -> int | None:
        """The one to use for this account; None without any.

        It may be held: then its owner must connect again.
        """
        found = self._choice(asker, account_id)
        return found.id if found else None

    def usable_id(self, asker: Asker, account_id: int | None) -> int | None:
        """The same; None also while it is held."""
        found = self._choice(asker, account_id)
        return found.id if found and not found.is_held else None

    def _choice(self, asker: Asker, account_id: int | None) -> Candidate | None:
        """The chosen one, held or not. Else of the owner's one that lists the account
        before others, a usable one before a held one, the oldest before younger."""

        def rank(candidate: Candidate) -> tuple[bool, bool, int]:
            is_foreign = account_id not in candidate.account_ids
            return is_foreign, candidate.is_held, candidate.id

        chosen = self._by_id.get(asker.connection_id or 0)
        return chosen or min(self._of_owner[asker.owner_id], key=rank, default=None)
