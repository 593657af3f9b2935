"""The same key and body: the same answer. Another body: refused. Two at once: one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from instances.models import IdempotencyKey, Instance, User
from schedules.models import Run, Schedule
from tests.browsers import API, browser, codes
from tests.makers import NOON, make_instance, make_run
from tests.rivals import in_threads
from tests.schedules.clock import stopped_clock
from workflows.models import Workflow

KEY = {"HTTP_IDEMPOTENCY_KEY": "0b8f"}
SQL = "SELECT 1 FROM t"


def make(user: User, instance: Instance, name: str = "Reach", **options: Any) -> Any:
    body = {"name": name, "instance": instance.pk, "sql": SQL}
    return browser(user).post(f"{API}workflows/", body, **(KEY | options))


def test_the_same_key_and_body_get_the_same_answer(alice: User, instance: Instance):
    first = make(alice, instance)
    second = make(alice, instance)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert Workflow.objects.count() == 1


def test_the_order_of_keys_in_the_body_is_no_difference(
    alice: User, instance: Instance
):
    make(alice, instance)
    turned = json.dumps({"sql": SQL, "instance": instance.pk, "name": "Reach"})

    again = browser(alice).generic(
        "POST", f"{API}workflows/", turned, "application/json", **KEY
    )

    assert again.headers["Idempotent-Replay"] == "true"


def test_another_body_is_refused(alice: User, instance: Instance):
    make(alice, instance)

    other = make(alice, instance, name="Other")

    assert codes(other) == (422, "idempotency_mismatch")
    assert Workflow.objects.count() == 1


def test_a_key_belongs_to_a_person_and_an_endpoint(
    alice: User, ada: User, instance: Instance, schedule: Schedule
):
    make(alice, instance)
    make(ada, instance)
    trigger = browser(alice).post(
        f"{API}schedules/{schedule.pk}/trigger/", {"force": True}, **KEY
    )

    assert trigger.status_code == 201
    assert IdempotencyKey.objects.count() == 3


def test_without_a_key_the_same_is_done_twice(alice: User, instance: Instance):
    for _ in range(2):
        browser(alice).post(
            f"{API}workflows/", {"name": "Reach", "instance": instance.pk, "sql": SQL}
        )

    assert Workflow.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x7fb"])
def test_a_key_that_cannot_be_kept_is_refused(
    key: str, alice: User, instance: Instance
):
    answer = make(alice, instance, HTTP_IDEMPOTENCY_KEY=key)

    assert codes(answer) == (400, "invalid_header")
    assert Workflow.objects.count() == 0


def test_an_error_is_not_kept(alice: User, instance: Instance):
    refused = make(alice, instance, name="")
    mended = make(alice, instance, name="Reach")

    assert codes(refused)[0] == 400
    assert mended.status_code == 201


def test_after_a_day_the_key_is_new(alice: User, instance: Instance):
    with stopped_clock(NOON):
        make(alice, instance)
    with stopped_clock(NOON + timedelta(hours=24)):
        kept = make(alice, instance)
    with stopped_clock(NOON + timedelta(hours=24, seconds=1)):
        anew = make(alice, instance, name="Other")

    assert kept.headers["Idempotent-Replay"] == "true"
    assert anew.status_code == 201
    assert "Idempotent-Replay" not in anew.headers


def test_a_retry_and_a_target_have_it_too(
    alice: User, schedule: Schedule, instance: Instance
):
    run = make_run(schedule.targets.get(), state="FAILED", reason="x", finished_at=NOON)
    extra = make_instance(instance.account)
    wish = {"schedule": schedule.pk, "instance": extra.pk}

    for _ in range(2):
        retry = browser(alice).post(f"{API}runs/{run.pk}/retry/", **KEY)
        target = browser(alice).post(f"{API}targets/", wish, **KEY)

        assert (retry.status_code, target.status_code) == (201, 201)
    assert Run.objects.filter(retry_of=run).count() == 1


def test_a_token_is_never_kept_for_another_time(alice: User):
    answers = [
        browser(alice).post(f"{API}tokens/", {"name": "ci"}, **KEY).json()["token"]
        for _ in range(2)
    ]

    assert answers[0] != answers[1]
    assert not IdempotencyKey.objects.exists()


@contextmanager
def half_done_elsewhere(user: User, path: str) -> Iterator[None]:
    """Another process has taken the key and not committed yet."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO idempotency_keys"
                " (user_id, endpoint, key, body_sha256, created_at)"
                " VALUES (%s, %s, %s, '', now())",
                [user.pk, f"POST {path}", KEY["HTTP_IDEMPOTENCY_KEY"]],
            )
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_under_way_is_said(
    committed_db: None, alice: User, instance: Instance
):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")

    with half_done_elsewhere(alice, f"{API}workflows/"):
        answer = make(alice, instance)
    afterwards = make(alice, instance)

    assert codes(answer) == (409, "request_under_way")
    assert answer.headers["Retry-After"] == "5"
    assert afterwards.status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_does_it_and_all_get_its_answer(
    committed_db: None, alice: User, schedule: Schedule
):
    path = f"{API}schedules/{schedule.pk}/trigger/"
    clients = [browser(alice) for _ in range(4)]

    answers = in_threads(4, lambda n: clients[n].post(path, {}, **KEY))

    bodies = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert bodies == [bodies[0]] * 4
    assert Run.objects.count() == 1
