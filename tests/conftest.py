"""The cast: Alice edits, Vic reads, Ada administers one account; Bob is a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from instances.models import (
    Account,
    Connection,
    Instance,
    LwaApplication,
    Role,
    User,
)
from schedules.models import Schedule, Target
from tests.amc.server import Amc
from tests.broker import Broker, own_broker
from tests.makers import (
    NOON,
    make_account,
    make_connection,
    make_instance,
    make_member,
    make_schedule,
    make_user,
    make_workflow,
)
from workflows.models import Workflow


@pytest.fixture
def amazon(amc: Amc, settings: Settings) -> Amc:
    """The product talks to the sandbox, whose clock stands at NOON."""
    settings.AMAZON_URL = settings.AMAZON_BROWSER_URL = amc.base_url
    settings.INSTALLATION_ID = "test"
    amc.clock(now=NOON.isoformat(), rate=0)
    return amc


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that nobody else publishes to, empty at first."""
    return own_broker(monkeypatch)


@pytest.fixture
def committed_db(transactional_db: None) -> None:
    """What a test commits is seen by other connections, and flushed after it.

    The one row of the application comes from a migration and goes with a flush.
    """
    LwaApplication.objects.get_or_create(id=1)


@pytest.fixture
def results_folder(tmp_path: Path, settings: Settings) -> Path:
    """Results land in a folder of this test."""
    folder = tmp_path / "results"
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {
        "results": {"BACKEND": backend, "OPTIONS": {"location": str(folder)}}
    }
    return folder


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> User:
    """Editor of the account, with a connection."""
    alice = make_user("alice")
    make_member(alice, account, Role.EDITOR)
    make_connection(alice, account)
    return alice


@pytest.fixture
def vic(account: Account) -> User:
    """Viewer of the account."""
    vic = make_user("vic")
    make_member(vic, account, Role.VIEWER)
    return vic


@pytest.fixture
def ada(account: Account) -> User:
    """Admin of the account."""
    ada = make_user("ada")
    make_member(ada, account, Role.ADMIN)
    return ada


@pytest.fixture
def bob(db: None) -> User:
    """A stranger, with an account of his own."""
    bob = make_user("bob")
    make_member(bob, make_account(name="Other"), Role.ADMIN)
    return bob


@pytest.fixture
def connection(alice: User) -> Connection:
    return alice.connections.get()


@pytest.fixture
def instance(account: Account) -> Instance:
    return make_instance(account)


@pytest.fixture
def workflow(instance: Instance, alice: User) -> Workflow:
    return make_workflow(instance, alice)


@pytest.fixture
def schedule(workflow: Workflow) -> Schedule:
    return make_schedule(workflow)


@pytest.fixture
def target(schedule: Schedule) -> Target:
    return schedule.targets.get()


def pytest_configure() -> None:
    """Hash the cast's passwords quickly; the real hasher takes a third of a second.

    Whitenoise warns of a folder that is made by the first start of the product.
    """
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    Path(django_settings.STATIC_ROOT).mkdir(exist_ok=True)
