"""Signing in and out, one's profile, and tokens for scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from instances.models import ApiToken, User
from schedules.models import Schedule
from tests.browsers import API, browser, codes, refusal, script
from tests.makers import NOON
from tests.schedules.clock import stopped_clock

SESSION = f"{API}session/"
RIGHT = {"username": "alice", "password": "a-password"}
WRONG = RIGHT | {"password": "another"}


@pytest.fixture
def visitor(db: None) -> APIClient:
    """A browser of somebody who is not signed in, and who needs the CSRF token."""
    client = browser(enforce_csrf_checks=True)
    client.get(SESSION)
    return client


def sign_in(client: APIClient, body: Any = RIGHT, **options: Any) -> Any:
    token = client.cookies["csrftoken"].value
    return client.post(SESSION, body, headers={"x-csrftoken": token}, **options)


# --- Sessions ------------------------------------------------------------------------


def test_signing_in_and_out(alice: User, visitor: APIClient):
    signed_in = sign_in(visitor)
    me = visitor.get(f"{API}me/")
    token = visitor.cookies["csrftoken"].value
    signed_out = visitor.delete(SESSION, headers={"x-csrftoken": token})

    assert (signed_in.status_code, signed_in.json()["username"]) == (200, "alice")
    assert me.json()["memberships"][0]["role"] == "editor"
    assert signed_out.status_code == 204
    assert codes(visitor.get(f"{API}me/")) == (401, "not_authenticated")
    assert not Session.objects.exists()


def test_the_session_and_the_csrf_token_change_with_signing_in(
    alice: User, visitor: APIClient
):
    before = visitor.cookies["csrftoken"].value

    answer = sign_in(visitor)

    assert visitor.cookies["csrftoken"].value != before
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["samesite"] == "Lax"


@pytest.mark.parametrize("username", ["alice", "ALICE\u2024", "nobody"])
def test_a_wrong_password_and_an_unknown_name_look_alike(
    username: str, alice: User, visitor: APIClient
):
    answer = sign_in(visitor, WRONG | {"username": username})

    assert codes(answer) == (401, "authentication_failed")
    assert answer.json()["detail"] == "The user name or the password is wrong."


def test_a_name_is_compared_in_its_compatible_form(alice: User, visitor: APIClient):
    assert sign_in(visitor, RIGHT | {"username": "ａlice"}).status_code == 200


def test_somebody_deactivated_cannot_sign_in(alice: User, visitor: APIClient):
    alice.is_active = False
    alice.save()

    assert codes(sign_in(visitor)) == (401, "authentication_failed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "alice"}, "password"),
        ({"password": "x"}, "username"),
        (RIGHT | {"password": "a\0b"}, "password"),
        (RIGHT | {"password": "x" * 257}, "password"),
        (RIGHT | {"password": 12345678}, "password"),
        (RIGHT | {"username": "x" * 151}, "username"),
        (RIGHT | {"next": "/"}, "next"),
    ],
)
def test_bad_input_at_signing_in(
    body: dict[str, Any], field: str, alice: User, visitor: APIClient
):
    status, _, named = refusal(sign_in(visitor, body))

    assert (status, named) == (400, field)


@pytest.mark.parametrize("headers", [{}, {"x-csrftoken": "x" * 64}])
def test_nobody_is_signed_in_by_another_site(
    headers: dict[str, str], alice: User, visitor: APIClient
):
    answer = visitor.post(SESSION, RIGHT, headers=headers)

    assert codes(answer) == (403, "csrf")
    assert codes(visitor.get(f"{API}me/"))[0] == 401


def test_changes_in_a_session_need_the_csrf_token(
    alice: User, schedule: Schedule, visitor: APIClient
):
    sign_in(visitor)
    path = f"{API}schedules/{schedule.pk}/"

    for method in ["patch", "delete"]:
        assert codes(getattr(visitor, method)(path, {})) == (403, "csrf")
    assert codes(visitor.post(f"{path}pause/", {})) == (403, "csrf")
    assert codes(visitor.delete(SESSION)) == (403, "csrf")
    assert visitor.get(path).status_code == 200
    schedule.refresh_from_db()
    assert schedule.is_active


def test_after_ten_wrong_passwords_the_right_one_has_to_wait(
    alice: User, visitor: APIClient
):
    answers = [codes(sign_in(visitor, WRONG)) for _ in range(10)]

    locked = sign_in(visitor)
    elsewhere = sign_in(visitor, REMOTE_ADDR="203.0.113.9")

    assert answers == [(401, "authentication_failed")] * 9 + [(429, "throttled")]
    assert codes(locked) == (429, "throttled")
    assert locked.headers["Retry-After"] == "900"
    assert elsewhere.status_code == 200


def test_an_invented_forwarding_address_opens_no_lock(alice: User, visitor: APIClient):
    for number in range(10):
        sign_in(visitor, WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")

    assert codes(sign_in(visitor, HTTP_X_FORWARDED_FOR="198.51.100.99"))[0] == 429


def test_the_admin_is_locked_with_a_page(alice: User, settings: Settings):
    client = browser()
    form = {"username": "alice", "password": "wrong"}
    for _ in range(10):
        answer = client.post("/admin/login/", form, format="multipart")

    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "text/plain"


# --- One's profile -----------------------------------------------------------------


def test_the_time_zone_is_a_preference(alice: User):
    answer = browser(alice).patch(f"{API}me/", {"timezone": "Europe/Berlin"})

    assert answer.json()["timezone"] == "Europe/Berlin"
    alice.refresh_from_db()
    assert alice.timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"timezone": "Mars/Phobos"}, "unknown_timezone", "timezone"),
        ({"timezone": "europe/berlin"}, "unknown_timezone", "timezone"),
        ({"timezone": "../../etc/passwd"}, "unknown_timezone", "timezone"),
        ({"timezone": "Factory"}, "unknown_timezone", "timezone"),
        ({"timezone": ""}, "unknown_timezone", "timezone"),
        ({"timezone": None}, "type", "timezone"),
        ({"timezone": 5}, "type", "timezone"),
        ({"timezone": ["UTC"]}, "type", "timezone"),
        ({"first_name": "a\u202eb"}, "control", "first_name"),
        ({"last_name": "x" * 151}, "max_length", "last_name"),
        ({"is_staff": True}, "read_only", "is_staff"),
        ({"username": "root"}, "read_only", "username"),
        ({"email": "a@example.com"}, "read_only", "email"),
        ({"id": 1}, "read_only", "id"),
        ({"memberships": []}, "read_only", "memberships"),
        ({"is_superuser": True}, "unknown_field", "is_superuser"),
        ({"password": "x"}, "unknown_field", "password"),
    ],
)
def test_what_a_person_may_not_write_about_themselves(
    body: dict[str, Any], code: str, field: str, alice: User
):
    answer = browser(alice).patch(f"{API}me/", body)

    assert refusal(answer) == (400, code, field)
    assert User.objects.get(pk=alice.pk).timezone == "UTC"


def test_a_zone_that_is_nearly_right_is_named(alice: User):
    answer = browser(alice).patch(f"{API}me/", {"timezone": "europe/berlin"})

    assert "Europe/Berlin" in answer.json()["detail"]


def test_a_change_of_the_profile_leaves_a_newer_password_alone(alice: User):
    client = browser()
    client.force_authenticate(User.objects.get(pk=alice.pk))  # as it was read before
    alice.set_password("a-newer-password")
    alice.save()

    client.patch(f"{API}me/", {"timezone": "Asia/Tokyo"})

    alice.refresh_from_db()
    assert alice.check_password("a-newer-password")
    assert alice.timezone == "Asia/Tokyo"


# --- Tokens ---------------------------------------------------------------------------


def test_a_token_works_until_it_is_deleted(alice: User):
    made = browser(alice).post(f"{API}tokens/", {"name": "ci"}).json()
    client = script(made["token"])

    before = client.get(f"{API}schedules/").status_code
    deleted = browser(alice).delete(f"{API}tokens/{made['id']}/").status_code
    after = codes(client.get(f"{API}schedules/"))

    assert (before, deleted, after) == (200, 204, (401, "authentication_failed"))


def test_tokens_are_told_without_their_secret(alice: User, bob: User):
    ApiToken.issue(bob, name="Bob's")
    made = browser(alice).post(f"{API}tokens/", {"name": "ci", "scope": "read"}).json()

    (listed,) = browser(alice).get(f"{API}tokens/").json()

    assert set(listed) == {"id", "name", "scope", "created", "last_used_at"}
    assert (listed["id"], listed["name"], listed["scope"]) == (
        made["id"],
        "ci",
        "read",
    )
    assert made["token"].startswith(made["id"])


@pytest.mark.parametrize("method", ["post", "patch", "delete", "put"])
def test_a_reading_token_changes_nothing(method: str, alice: User, schedule: Schedule):
    client = script(ApiToken.issue(alice, scope="read")[1])

    changed = getattr(client, method)(f"{API}schedules/{schedule.pk}/", {"name": "New"})
    tokens = client.post(f"{API}tokens/", {"name": "more"})

    assert codes(changed) == (403, "token_scope")
    assert codes(tokens) == (403, "token_scope")
    assert client.get(f"{API}schedules/{schedule.pk}/").status_code == 200
    assert ApiToken.objects.count() == 1


def test_a_writing_token_needs_no_csrf_token(alice: User, schedule: Schedule):
    client = browser(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(alice)[1]}")

    answer = client.patch(f"{API}schedules/{schedule.pk}/", {"name": "New"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header", ["Token nonsense", "Token", "Token a b", "Bearer x", "Token \x00", ""]
)
def test_a_token_that_is_none_opens_nothing(header: str, db: None):
    client = browser()
    client.credentials(HTTP_AUTHORIZATION=header)

    answer = client.get(f"{API}schedules/")

    assert codes(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_deactivated_persons_token_opens_nothing(alice: User):
    secret = ApiToken.issue(alice)[1]
    alice.is_active = False
    alice.save()

    assert codes(script(secret).get(f"{API}me/"))[0] == 401


def test_the_last_use_is_noted_once_a_minute(alice: User):
    row, secret = ApiToken.issue(alice)
    noted = []
    for seconds in [0, 59, 61]:
        with stopped_clock(NOON + timedelta(seconds=seconds)):
            script(secret).get(f"{API}me/")
        row.refresh_from_db()
        noted.append((row.last_used_at - NOON).total_seconds())

    assert noted == [0, 0, 61]


def test_the_secret_is_stored_as_a_hash(alice: User):
    _, secret = ApiToken.issue(alice)

    assert secret not in str(ApiToken.objects.values().get())


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "name"),
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 101}, "max_length", "name"),
        ({"name": "ci", "scope": "admin"}, "invalid_choice", "scope"),
        ({"name": "ci", "token": "x"}, "unknown_field", "token"),
        ({"name": "ci", "user": 1}, "unknown_field", "user"),
    ],
)
def test_bad_input_for_a_token(
    body: dict[str, Any], code: str, field: str, alice: User
):
    answer = browser(alice).post(f"{API}tokens/", body)

    assert refusal(answer) == (400, code, field)
    assert not ApiToken.objects.exists()
