"""Accounts and instances as Amazon lists them for a connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from instances.amc.answers import AmcAccount, AmcInstance
from instances.amc.errors import Forbidden
from instances.amc.gateway import account_gateway, connection_gateway
from instances.changelog import changing
from instances.models import Account, Connection, Instance, Membership, Role
from instances.models.changes import Change
from instances.moments import carried_on
from instances.regions import region_of

FINISHED = ("", "COMPLETED", "SUCCEEDED")  # creation statuses; "" is Amazon's silence
LONGEST_NAME = 255  # of the columns
SYNCED = ["account", "name", "requires_synthetic_data"]
SYNTHETIC = "SANDBOX"  # the kind of instance that has synthetic data only
LINKS = Connection.accounts.through.objects


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """Counts of rows; `forbidden`: entity ids whose instances Amazon does not list.

    `elsewhere`: instances that belong to another account here. A sync moves none:
    their runs may be open.
    """

    accounts_created: int
    accounts_updated: int
    instances_created: int
    instances_updated: int
    memberships_created: int
    forbidden: tuple[str, ...]
    elsewhere: tuple[str, ...]


def sync_from_amazon(connection: Connection, *, now: datetime) -> SyncResult:
    """Bring our rows up to what Amazon lists; nothing of ours is deleted.

    The first user whose connection lists an account becomes its admin. Asks once for
    each account. Raises what a Gateway raises, and has changed nothing then. Not to be
    called in a transaction.
    """
    clock = carried_on(now)
    told = connection_gateway(connection, now=now).accounts()
    listed = {each: _instances_of(each, connection, now=clock()) for each in told}
    counts: Counter[str] = Counter()
    accounts = _store_accounts(told, connection, counts, now=now)
    elsewhere: list[str] = []
    for each in told:
        instances = listed[each] or ()
        elsewhere += _store_instances(accounts[each], instances, counts, now=now)
    return SyncResult(
        accounts_created=counts["accounts_created"],
        accounts_updated=counts["accounts_updated"],
        instances_created=counts["instances_created"],
        instances_updated=counts["instances_updated"],
        memberships_created=counts["memberships_created"],
        forbidden=tuple(each.entity_id for each in told if listed[each] is None),
        elsewhere=tuple(elsewhere),
    )


def sync_accounts(connection: Connection, *, now: datetime) -> list[int]:
    """The accounts alone. Returns the ids of the links to them, for `sync_instances`.

    Raises as `sync_from_amazon`.
    """
    told = connection_gateway(connection, now=now).accounts()
    _store_accounts(told, connection, Counter(), now=now)
    links = LINKS.filter(connection=connection).order_by("pk")
    return list(links.values_list("pk", flat=True))


def sync_instances(link_id: int, *, now: datetime) -> None:
    """The instances of one account, as one connection reaches it; gone: nothing.

    Raises as `sync_from_amazon`.
    """
    links = LINKS.select_related("connection", "account")
    link = links.filter(pk=link_id).first()
    if link is None:
        return
    told = AmcAccount(
        entity_id=link.account.account_id,
        marketplace_id=link.account.marketplace_id,
        name=link.account.name,
    )
    instances = _instances_of(told, link.connection, now=now)
    _store_instances(link.account, instances or (), Counter(), now=now)


def _instances_of(
    account: AmcAccount, connection: Connection, *, now: datetime
) -> tuple[AmcInstance, ...] | None:
    """None when they are not for us to see; the other accounts go on."""
    try:
        return account_gateway(account, connection, now=now).instances()
    except Forbidden:  # terms not accepted, say
        return None


def _store_accounts(
    told: Sequence[AmcAccount],
    connection: Connection,
    counts: Counter[str],
    *,
    now: datetime,
) -> dict[AmcAccount, Account]:
    """Each in a transaction of its own, so that nobody waits for many."""
    stored: dict[AmcAccount, Account] = {}
    for each in told:
        with (
            transaction.atomic(),
            changing(None, Change.Origin.SYSTEM, "listed by Amazon", now=now),
        ):
            account = stored[each] = _account(each, counts, now=now)
            _admit_the_first(account, connection, counts, now=now)
            connection.accounts.add(account)
    connection.accounts.set(stored.values())
    return stored


def _account(told: AmcAccount, counts: Counter[str], *, now: datetime) -> Account:
    """The row, created or renamed as Amazon says, and locked."""
    row, is_new = Account.objects.get_or_create(
        account_id=told.entity_id,
        marketplace_id=told.marketplace_id,
        defaults={
            "name": told.name[:LONGEST_NAME],
            "region": region_of(told.marketplace_id),
            "created_at": now,
        },
    )
    account = Account.objects.select_for_update(no_key=True).get(pk=row.pk)
    counts["accounts_created"] += is_new
    if told.name and account.name != told.name[:LONGEST_NAME]:
        account.name = told.name[:LONGEST_NAME]
        account.save(update_fields=["name"])
        counts["accounts_updated"] += 1
    return account


def _admit_the_first(
    account: Account, connection: Connection, counts: Counter[str], *, now: datetime
) -> None:
    """The account is locked: of two who bring it at once, one is the first."""
    if account.memberships.exists() or account.connections.exists():
        return
    Membership.objects.create(
        account=account, user=connection.owner, role=Role.ADMIN, created_at=now
    )
    counts["memberships_created"] += 1


@transaction.atomic
def _store_instances(
    account: Account,
    told: Sequence[AmcInstance],
    counts: Counter[str],
    *,
    now: datetime,
) -> list[str]:
    """Create and update; returns the ids that belong to another account here.

    The account is locked: of two syncs at once, one comes after the other.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    finished = {each.id: each for each in told if each.creation_status in FINISHED}
    missing = [each for each in finished.values() if each.id not in _rows(finished)]
    Instance.objects.bulk_create(
        [_new(each, account, now=now) for each in missing], ignore_conflicts=True
    )
    counts["instances_created"] += len(missing)
    rows = _rows(finished)
    ours = [row for row in rows.values() if row.account_id in (None, account.pk)]
    changed = [row for row in ours if _adopt(row, account, finished[row.instance_id])]
    Instance.objects.bulk_update(changed, SYNCED, batch_size=500)
    counts["instances_updated"] += len(changed)
    Instance.objects.filter(pk__in=[row.pk for row in ours]).update(synced_at=now)
    return sorted(rows.keys() - {row.instance_id for row in ours})


def _rows(ids: Iterable[str]) -> dict[str, Instance]:
    return Instance.objects.in_bulk(list(ids), field_name="instance_id")


def _new(told: AmcInstance, account: Account, *, now: datetime) -> Instance:
    instance = Instance(instance_id=told.id, created_at=now)
    _adopt(instance, account, told)
    return instance


def _adopt(row: Instance, account: Account, told: AmcInstance) -> bool:
    """Make the row say what Amazon says; whether that changed it."""
    before = [getattr(row, name) for name in SYNCED]
    row.account = account
    row.name = told.name[:LONGEST_NAME] or row.name
    row.requires_synthetic_data = told.kind == SYNTHETIC
    return before != [getattr(row, name) for name in SYNCED]
