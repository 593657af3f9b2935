"""Staff who are signed in to the admin, and a row of everything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django.fixtures import Settings

from instances.alarms import raise_alarm
from instances.heartbeats import beat
from instances.models import (
    ApiToken,
    Connection,
    ConsentRequest,
    IdempotencyKey,
    User,
)
from schedules.demo.loading import load_demo
from tests.makers import NOON, make_user
from tests.schedules.clock import stopped_clock
from workflows.models import Stray, WorkflowExecution

SECRETS = ("Atzr|", "gAAAAA", "hash-of-state", "hash-of-session", "the-secret-answer")


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
def at_noon(db: None):
    with stopped_clock(NOON):
        yield


@pytest.fixture
def root(db: None) -> User:
    """May do everything, and lives in Kolkata."""
    return make_user("root", is_staff=True, is_superuser=True, timezone="Asia/Kolkata")


@pytest.fixture
def admin(root: User) -> Client:
    return signed_in(root)


@pytest.fixture
def everything(at_noon: None, results_folder: Path, root: User) -> None:
    """At least one row of each model, among them what must not be shown."""
    load_demo(schedules=10, weeks=8, seed=7, now=NOON)
    execution = WorkflowExecution.objects.order_by("id").last()
    connection = Connection.objects.order_by("id").first()
    assert execution
    assert connection
    connection.access_token = connection.refresh_token
    connection.access_token_expires_at = NOON + timedelta(hours=1)
    connection.save()
    Stray.objects.create(
        execution=execution,
        instance=execution.instance,
        amc_execution_id="stray-1",
        why="no_row",
        found_at=NOON,
    )
    ConsentRequest.objects.create(
        state_sha256="hash-of-state",
        session_key_sha256="hash-of-session",
        user=root,
        connection=connection,
        created_at=NOON,
    )
    IdempotencyKey.objects.create(
        user=root,
        endpoint="tokens",
        key="k",
        body_sha256="b",
        status=201,
        answer={"token": "the-secret-answer"},
        created_at=NOON,
    )
    ApiToken.issue(root, name="ci")
    raise_alarm("clock_skew", "amazon", {"seconds": 400}, now=NOON)
    beat("tick", now=NOON)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def allow(user: User, *codenames: str) -> User:
    """Give a user permissions of Django's kind."""
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)
