"""What Amazon lists becomes accounts, instances and, for the first, a membership."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from instances import vault
from instances.amc.errors import AmcError, NoUsableAnswer
from instances.errors import CredentialRefused
from instances.models import Account, Connection, Instance, Membership, Role, User
from instances.sync import sync_from_amazon
from instances.tasks import sync_account, sync_connection, try_held_application
from schedules.models import Target
from tests.amc.server import Amc
from tests.broker import Broker
from tests.makers import NOON, make_account, make_connection, make_instance, make_user
from tests.rivals import held_elsewhere

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)


@pytest.fixture
def ina(db: None) -> User:
    """Somebody with a connection and nothing else."""
    return make_user("ina")


@pytest.fixture
def inas(ina: User) -> Connection:
    return make_connection(ina)


def test_a_first_sync_creates_the_account_its_instances_and_its_admin(
    inas: Connection, ina: User, amazon: Amc
) -> None:
    result = sync_from_amazon(inas, now=NOON)

    account = Account.objects.get()
    assert (account.account_id, account.marketplace_id, account.region) == (
        "ENTITY1SANDBOX",
        "ATVPDKIKX0DER",
        "NA",
    )
    assert account.name == "Sandbox Agency"
    assert account.memberships.get().user == ina
    assert account.memberships.get().role == Role.ADMIN
    assert list(inas.accounts.all()) == [account]
    assert account.instances.count() == 30
    instance = account.instances.get(instance_id="amcsandbox01")
    assert instance.synced_at == instance.created_at == NOON
    assert (result.accounts_created, result.memberships_created) == (1, 1)
    assert (result.instances_created, result.instances_updated) == (30, 0)


def test_a_membership_says_where_it_came_from(inas: Connection, amazon: Amc) -> None:
    sync_from_amazon(inas, now=NOON)

    change = Membership.objects.get().history.get()
    assert (change.history_user, change.origin) == (None, "system")
    assert change.history_change_reason == "listed by Amazon"
    assert change.history_date == NOON


def test_a_second_sync_changes_nothing_but_the_time(
    inas: Connection, amazon: Amc
) -> None:
    sync_from_amazon(inas, now=NOON)
    amazon.clock(now=LATER.isoformat())

    result = sync_from_amazon(inas, now=LATER)

    assert (result.accounts_created, result.accounts_updated) == (0, 0)
    assert (result.instances_created, result.instances_updated) == (0, 0)
    assert result.memberships_created == 0
    assert not Instance.objects.exclude(synced_at=LATER).exists()


def test_names_follow_amazon_and_what_people_set_stays(
    inas: Connection, amazon: Amc
) -> None:
    sync_from_amazon(inas, now=NOON)
    Account.objects.update(name="old", max_running=5)
    Instance.objects.filter(instance_id="amcsandbox01").update(
        name="old", timezone="Europe/Berlin", max_running=3
    )

    result = sync_from_amazon(inas, now=NOON)

    assert (result.accounts_updated, result.instances_updated) == (1, 1)
    instance = Instance.objects.get(instance_id="amcsandbox01")
    assert instance.name != "old"
    assert (instance.timezone, instance.max_running) == ("Europe/Berlin", 3)
    assert Account.objects.get().max_running == 5


def test_who_comes_later_gets_the_account_listed_and_no_membership(
    inas: Connection, bob: User, amazon: Amc
) -> None:
    sync_from_amazon(inas, now=NOON)
    bobs = make_connection(bob)

    result = sync_from_amazon(bobs, now=NOON)

    account = Account.objects.get(account_id="ENTITY1SANDBOX")
    assert result.memberships_created == 0
    assert not account.memberships.filter(user=bob).exists()
    assert list(bobs.accounts.all()) == [account]


def test_the_last_members_removal_does_not_make_the_next_one_admin(
    inas: Connection, bob: User, amazon: Amc
) -> None:
    sync_from_amazon(inas, now=NOON)
    Membership.objects.filter(user=inas.owner).delete()

    assert sync_from_amazon(make_connection(bob), now=NOON).memberships_created == 0
    assert sync_from_amazon(inas, now=NOON).memberships_created == 0


def test_an_account_that_is_no_longer_listed_is_no_longer_the_connections(
    inas: Connection, amazon: Amc
) -> None:
    inas.accounts.add(make_account(account_id="ENTITY9GONE"))

    sync_from_amazon(inas, now=NOON)

    assert [each.account_id for each in inas.accounts.all()] == ["ENTITY1SANDBOX"]
    assert Account.objects.filter(account_id="ENTITY9GONE").exists()


def test_an_instance_without_account_finds_its_own(
    inas: Connection, amazon: Amc
) -> None:
    orphan = make_instance(None, instance_id="amcsandbox02")

    result = sync_from_amazon(inas, now=NOON)

    orphan.refresh_from_db()
    assert orphan.account is not None
    assert orphan.account.account_id == "ENTITY1SANDBOX"
    assert (result.instances_created, result.instances_updated) == (29, 1)


def test_an_instance_of_another_account_is_told_and_not_moved(
    inas: Connection, amazon: Amc
) -> None:
    theirs = make_instance(make_account(), instance_id="amcsandbox02", name="theirs")

    result = sync_from_amazon(inas, now=NOON)

    before = theirs.account
    theirs.refresh_from_db()
    assert (theirs.account, theirs.name) == (before, "theirs")
    assert result.elsewhere == ("amcsandbox02",)


def test_an_account_whose_instances_are_forbidden_does_not_stop_the_others(
    inas: Connection, amazon: Amc
) -> None:
    amazon.faults("forbidden", operation="listInstances")

    result = sync_from_amazon(inas, now=NOON)

    assert result.forbidden == ("ENTITY1SANDBOX",)
    assert Account.objects.count() == 1
    assert not Instance.objects.exists()


@pytest.mark.parametrize("operation", ["listAccounts", "listInstances"])
def test_an_outage_changes_nothing(
    inas: Connection, amazon: Amc, operation: str
) -> None:
    amazon.faults("server_error", operation=operation)

    with pytest.raises(NoUsableAnswer):
        sync_from_amazon(inas, now=NOON)

    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("listAccounts", '{"amcAccounts": [{"accountId": 7}]}'),
        ("listAccounts", '{"amcAccounts": [{"accountId": "E", "marketplaceId": ""}]}'),
        ("listInstances", '{"instances": [{"instanceName": "nameless"}]}'),
        ("listInstances", '{"instances": null}'),
    ],
)
def test_garbage_changes_nothing(
    inas: Connection, amazon: Amc, operation: str, body: str
) -> None:
    amazon.faults(
        "garbage", operation=operation, body=body, content_type="application/json"
    )

    with pytest.raises(AmcError):
        sync_from_amazon(inas, now=NOON)

    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("told", "synthetic"),
    [
        ({"instanceType": "SANDBOX", "creationStatus": "COMPLETED"}, [True]),
        ({"instanceType": "STANDARD"}, [False]),
        ({"creationStatus": "IN_PROGRESS"}, []),
        ({"creationStatus": "FAILED"}, []),
    ],
)
def test_only_finished_instances_come_and_sandboxes_are_marked(
    inas: Connection, amazon: Amc, told: dict[str, str], synthetic: list[bool]
) -> None:
    listed = {"instanceId": "amcnew", "instanceName": "x" * 300, **told}
    amazon.faults(
        "garbage",
        operation="listInstances",
        body=json.dumps({"instances": [listed]}),
        content_type="application/json",
    )

    sync_from_amazon(inas, now=NOON)

    flags = Instance.objects.values_list("requires_synthetic_data", flat=True)
    assert list(flags) == synthetic


def test_a_european_account_is_asked_for_in_europe(
    inas: Connection, amazon: Amc
) -> None:
    listed = {"accountId": "ENTITYDE", "marketplaceId": "A1PA6795UKMFR9"}
    amazon.faults(
        "garbage",
        operation="listAccounts",
        body=json.dumps({"amcAccounts": [listed]}),
        content_type="application/json",
    )

    sync_from_amazon(inas, now=NOON)

    assert Account.objects.get().region == "EU"


def test_of_two_who_bring_an_account_at_once_one_becomes_admin(
    committed_db: None, inas: Connection, bob: User, amazon: Amc
) -> None:
    both = [inas, make_connection(bob)]

    def bring(connection: Connection) -> int:
        try:
            return sync_from_amazon(connection, now=NOON).memberships_created
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(bring, both)) == [0, 1]

    account = Account.objects.get(account_id="ENTITY1SANDBOX")
    assert account.memberships.count() == 1
    assert account.connections.count() == 2
    assert account.instances.count() == 30


def test_the_task_asks_for_the_instances_of_each_account_by_a_task_of_its_own(
    inas: Connection, amazon: Amc, broker: Broker
) -> None:
    sync_connection(inas.pk)

    account = inas.accounts.get()
    ((task, link_id),) = broker.waiting()
    assert task == "instances.tasks.sync_account"
    assert account.memberships.get().user == inas.owner
    assert not account.instances.exists()

    sync_account(link_id)

    assert account.instances.count() == 30


def test_the_tasks_survive_a_refusal(
    inas: Connection, amazon: Amc, broker: Broker
) -> None:
    sync_connection(inas.pk)
    ((_, link_id),) = broker.waiting()
    Connection.objects.update(access_token="", access_token_expires_at=None)
    amazon.revoke("Atzr|sandbox")

    sync_account(link_id)
    sync_account(0)
    sync_connection(inas.pk)
    sync_connection(0)

    inas.refresh_from_db()
    assert inas.held_at
    assert not Instance.objects.exists()


def test_a_sync_does_not_wait_for_runs_of_the_account_nor_they_for_it(
    committed_db: None, inas: Connection, target: Target, amazon: Amc
) -> None:
    """A claim refers to the account and its instances; a sync changes them."""
    Account.objects.update(account_id="ENTITY1SANDBOX", name="old")
    with held_elsewhere(target.instance.account, "KEY SHARE"):
        sync_from_amazon(inas, now=NOON)

    assert Account.objects.get().name == "Sandbox Agency"


def test_the_periodic_task_does_nothing_when_nothing_is_held(
    inas: Connection, amazon: Amc
) -> None:
    try_held_application()

    assert amazon.requests() == []


def test_the_command_syncs_all_or_the_chosen(
    inas: Connection, bob: User, amazon: Amc, capsys: pytest.CaptureFixture[str]
) -> None:
    bobs = make_connection(bob)
    Connection.objects.filter(pk=bobs.pk).update(
        refresh_token=vault.seal(bobs.pk, "Atzr|sandbox2")
    )

    call_command("sync_accounts", str(inas.pk))
    assert Account.objects.filter(account_id="ENTITY2SANDBOX").count() == 0
    call_command("sync_accounts")

    assert Account.objects.filter(account_id="ENTITY2SANDBOX").count() == 1
    printed = capsys.readouterr().out
    assert f"connection {inas.pk}: 1 accounts and 30 instances created" in printed


def test_the_command_names_what_it_could_not_sync(
    inas: Connection, amazon: Amc, capsys: pytest.CaptureFixture[str]
) -> None:
    amazon.revoke("Atzr|sandbox")

    with pytest.raises(CommandError, match=f"Not synced: {inas.pk}"):
        call_command("sync_accounts")

    assert "no longer accepts" in capsys.readouterr().err


def test_the_command_refuses_unknown_ids(inas: Connection, amazon: Amc) -> None:
    with pytest.raises(CommandError, match="No such connection: 0"):
        call_command("sync_accounts", "0", str(inas.pk))

    assert amazon.requests() == []


def test_a_held_connection_is_not_synced(inas: Connection, amazon: Amc) -> None:
    Connection.objects.update(held_at=NOON, hold_reason="revoked")

    with pytest.raises(CredentialRefused, match="revoked"):
        sync_from_amazon(inas, now=NOON)
