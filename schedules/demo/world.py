"""Who and what the demo is about: the sandbox's account, people, instances, SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from instances import vault
from instances.changelog import changing
from instances.demo_queries import DemoQuery, load
from instances.models import (
    Account,
    Change,
    Connection,
    Instance,
    Membership,
    Region,
    Role,
    User,
)
from schedules.demo.answers import COLUMNS
from workflows.lifecycle import WorkflowFields, create_workflow
from workflows.models import Workflow

DEMO, DEMO_PASSWORD = "demo", "demo-password"
VIEWER, VIEWER_PASSWORD = "vic", "vic-password"
ENTITY_ID, MARKETPLACE_ID = "ENTITY1SANDBOX", "ATVPDKIKX0DER"
REFRESH_TOKEN = "Atzr|sandbox"  # noqa: S105 - of the sandbox, which knows no other
# The advertisers of the sandbox's instances, in their order.
ADVERTISERS = (
    "Alderbrook Home",
    "Bluegate Outdoors",
    "Cedar & Salt",
    "Dunmore Pets",
    "Everfern Beauty",
    "Fallowfield Toys",
    "Greywick Audio",
    "Harrowgate Coffee",
    "Inkwell & Oak",
    "Juniper Baby",
    "Kestrel Fitness",
    "Larkspur Garden",
    "Millrace Kitchen",
    "Northlane Luggage",
    "Oatfield Snacks",
    "Pebblecove Swim",
    "Quillon Tools",
    "Redbarn Treats",
    "Silverline Phones",
    "Thistledown Sleep",
    "Umberly Paints",
    "Vellora Skin",
    "Westerby Bikes",
    "Yarrow Teas",
    "Zephyr Fans",
    "Ashcombe Crafts",
    "Brindle Dog Co",
    "Copperleaf Cookware",
    "Driftmark Camping",
    "Elmsworth Babywear",
)
ZONES = ("America/New_York", "America/Los_Angeles", "America/Toronto")


@dataclass(frozen=True, kw_only=True)
class World:
    """`instances` by their number, `workflows` by the name of their query."""

    since: datetime
    demo: User
    connection: Connection
    # Another authorisation of the same person, which will be held.
    fragile: Connection
    instances: Mapping[int, Instance]
    workflows: Mapping[str, Workflow]


def make_world(since: datetime) -> World:
    """Store it, as of `since`; what a sync has brought already is kept."""
    demo = _user(DEMO, DEMO_PASSWORD, since, is_staff=True, is_superuser=True)
    viewer = _user(VIEWER, VIEWER_PASSWORD, since)
    account = _account(since)
    with changing(demo, Change.Origin.API, now=since):
        connection = _connection(demo, "Amazon", account, since)
        fragile = _connection(demo, "Amazon, Canada desk", account, since)
        for user, role in ((demo, Role.ADMIN), (viewer, Role.VIEWER)):
            Membership.objects.create(
                account=account, user=user, role=role, created_at=since
            )
    instances = _instances(account, since)
    return World(
        since=since,
        demo=demo,
        connection=connection,
        fragile=fragile,
        instances=instances,
        workflows=_workflows(demo, instances[1], since),
    )


def _user(name: str, password: str, since: datetime, **rights: bool) -> User:
    return User.objects.create_user(
        name,
        f"{name}@example.com",
        password,
        timezone="America/New_York",
        date_joined=since,
        **rights,
    )


def _account(since: datetime) -> Account:
    account, _ = Account.objects.get_or_create(
        account_id=ENTITY_ID,
        marketplace_id=MARKETPLACE_ID,
        defaults={
            "name": "Sandbox Agency",
            "region": Region.NA,
            "created_at": since,
        },
    )
    return account


def _connection(
    owner: User, name: str, account: Account, since: datetime
) -> Connection:
    connection = Connection(owner=owner, name=name, created_at=since)
    connection.save_without_historical_record()  # type: ignore[attr-defined]  # simple_history adds it
    connection.refresh_token = vault.seal(connection.pk, REFRESH_TOKEN)
    connection.save()
    connection.accounts.set([account])
    return connection


def _instances(account: Account, since: datetime) -> dict[int, Instance]:
    found: dict[int, Instance] = {}
    for number, advertiser in enumerate(ADVERTISERS, start=1):
        found[number], _ = Instance.objects.get_or_create(
            instance_id=f"amcsandbox{number:02d}",
            defaults={
                "account": account,
                "name": advertiser,
                "timezone": ZONES[(number - 1) % len(ZONES)],
                "created_at": since,
                "synced_at": since,
            },
        )
    return found


def _workflows(demo: User, home: Instance, since: datetime) -> dict[str, Workflow]:
    """Of each query whose columns we know; a day before the first schedule."""
    written = since - timedelta(days=1)
    with changing(demo, Change.Origin.API, now=written):
        return {
            query.name: create_workflow(
                _fields(query), instance=home, user=demo, now=written
            )
            for query in load()
            if query.name in COLUMNS
        }


def _fields(query: DemoQuery) -> WorkflowFields:
    return WorkflowFields(
        name=query.title,
        description=query.description,
        sql=query.sql,
        parameters=query.parameters,
    )
