"""Connections at the API: there and back at Amazon, and no token in any answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from rest_framework.test import APIClient

from instances import vault
from instances.connections import hold, hold_application
from instances.models import Account, Connection, Instance, Membership, User
from tests.amc.server import Amc
from tests.browsers import API, browser, codes, refusal
from tests.makers import NOON, make_connection, make_user
from tests.schedules.clock import stopped_clock

CONNECT = f"{API}connections/connect/"
CALLBACK = f"{API}connections/callback/"


def decide(url: str, decision: str = "allow") -> str:
    """What the person does on Amazon's page; the way back, below our address."""
    page = urlsplit(url)
    answer = httpx.post(
        f"{page.scheme}://{page.netloc}{page.path}",
        data=dict(parse_qsl(page.query))
        | {"decision": decision, "account": "ENTITY1SANDBOX"},
        trust_env=False,
    )
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def sent_away(client: APIClient, path: str = CONNECT, **body: Any) -> str:
    return client.post(path, body).json()["url"]


def said(answer: Any) -> str:
    """What a page for people says first; it is plain text with a reference."""
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    text, _, reference = answer.content.decode().partition("\n\nReference: ")
    assert reference.strip() == answer.headers["X-Request-ID"]
    return text


def test_a_new_connection_is_made_there_and_back(bob: User, amazon: Amc):
    client = browser(bob)

    answer = client.get(decide(sent_away(client, return_path="/schedules/5")))

    assert (answer.status_code, answer.headers["Location"]) == (302, "/schedules/5")
    (seen,) = client.get(f"{API}connections/").json()["results"]
    assert (seen["state"], seen["owner"]) == ("works", "bob")
    change = Connection.history.earliest("history_id")
    assert (change.history_user, change.origin) == (bob, "api")


def test_a_sync_brings_accounts_and_the_first_becomes_their_admin(
    bob: User, amazon: Amc
):
    client = browser(bob)
    client.get(decide(sent_away(client)))
    (connection,) = client.get(f"{API}connections/").json()["results"]

    counts = client.post(f"{API}connections/{connection['id']}/sync/").json()

    assert counts["accounts_created"] == 1
    assert counts["instances_created"] == 30
    assert counts["memberships_created"] == 1
    assert Instance.objects.visible_to(bob).count() == 30


def test_reconnecting_lifts_the_hold(alice: User, connection: Connection, amazon: Amc):
    hold(connection.pk, "revoked", now=NOON)
    client = browser(alice)
    path = f"{API}connections/{connection.pk}/"
    before = client.get(path).json()

    client.get(decide(sent_away(client, f"{path}reconnect/")))

    after = client.get(path).json()
    assert (before["state"], before["hold_reason"]) == ("held", "revoked")
    assert (after["state"], after["held_at"]) == ("works", None)
    assert Connection.objects.count() == 1


# --- What can go wrong on the way ----------------------------------------------------


def test_declining_is_said_kindly_and_stores_nothing(bob: User, amazon: Amc):
    client = browser(bob)

    answer = client.get(decide(sent_away(client), "deny"))

    assert answer.status_code == 400
    assert said(answer).startswith("You did not agree on Amazon's page")
    assert not Connection.objects.filter(owner=bob).exists()


def test_an_answer_works_once(bob: User, amazon: Amc):
    client = browser(bob)
    back = decide(sent_away(client))
    client.get(back)

    again = client.get(back)

    assert again.status_code == 400
    assert said(again).startswith("This answer of Amazon was used already")
    assert Connection.objects.filter(owner=bob).count() == 1


@pytest.mark.parametrize(
    "query", ["", "?state=", "?state=made-up&code=x", "?state=%00&code=x", "?code=x"]
)
def test_an_answer_to_nothing_is_refused(query: str, bob: User):
    answer = browser(bob).get(f"{CALLBACK}{query}")

    assert answer.status_code == 400
    assert said(answer).startswith("We did not send anybody to Amazon")


def test_an_answer_to_somebody_else_is_refused(bob: User, alice: User, amazon: Amc):
    back = decide(sent_away(browser(bob)))

    of_another_person = browser(alice).get(back)
    of_another_browser = browser(bob).get(back)

    for answer in (of_another_person, of_another_browser):
        assert answer.status_code == 400
        assert said(answer).startswith("Somebody else, or another browser")
    assert not Connection.objects.filter(owner=bob).exists()


def test_an_old_answer_is_refused(bob: User, amazon: Amc):
    client = browser(bob)
    with stopped_clock(NOON):
        back = decide(sent_away(client))

    answer = client.get(back)  # years later

    assert said(answer).startswith("You were away for more than ten minutes")


def test_a_code_that_amazon_refuses_is_said(bob: User, amazon: Amc):
    client = browser(bob)
    back = decide(sent_away(client)).replace("code=", "code=x")

    answer = client.get(back)

    assert answer.status_code == 400
    assert said(answer).startswith("Amazon did not accept its own answer")


def test_who_is_no_longer_signed_in_is_told_so(bob: User, amazon: Amc):
    back = decide(sent_away(browser(bob)))

    answer = browser().get(back)

    assert answer.status_code == 401
    assert said(answer)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"region": "US"}, "region"),
        ({"region": 5}, "region"),
        ({"return_path": "https://evil.example/"}, "return_path"),
        ({"return_path": "//evil.example/"}, "return_path"),
        ({"return_path": "/\\evil.example"}, "return_path"),
        ({"return_path": "javascript:alert(1)"}, "return_path"),
        ({"return_path": "/" + "x" * 255}, "return_path"),
        ({"next": "/"}, "next"),
    ],
)
def test_bad_input_for_a_new_connection(body: dict[str, Any], field: str, bob: User):
    status, _, named = refusal(browser(bob).post(CONNECT, body))

    assert (status, named) == (400, field)


# --- One's own connections ----------------------------------------------------------


def test_no_answer_has_a_token_in_it(alice: User, connection: Connection, amazon: Amc):
    client = browser(alice)
    client.post(f"{API}connections/{connection.pk}/sync/")
    connection.refresh_from_db()
    secrets = [
        "Atzr|sandbox",
        connection.refresh_token,
        connection.access_token,
        vault.unseal(connection.pk, connection.access_token),
    ]

    told = [
        client.get(f"{API}connections/"),
        client.get(f"{API}connections/{connection.pk}/"),
        client.patch(f"{API}connections/{connection.pk}/", {"name": "Main"}),
    ]

    assert all(secrets)
    assert not any(s in answer.content.decode() for s in secrets for answer in told)


def test_renaming_leaves_newer_tokens_alone(alice: User, connection: Connection):
    """A refresh may store new tokens between our look and our write."""
    Connection.objects.filter(pk=connection.pk).update(
        access_token="newer", token_version=7
    )

    answer = browser(alice).patch(
        f"{API}connections/{connection.pk}/", {"name": "Main"}
    )

    connection.refresh_from_db()
    assert answer.json()["name"] == "Main"
    assert (connection.access_token, connection.token_version) == ("newer", 7)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 101}, "max_length", "name"),
        ({"name": "a\u202eb"}, "control", "name"),
        ({"refresh_token": "x"}, "unknown_field", "refresh_token"),
        ({"owner": "bob"}, "read_only", "owner"),
        ({"accounts": []}, "read_only", "accounts"),
        ({"held_at": None}, "read_only", "held_at"),
    ],
)
def test_bad_input_for_a_connection(
    body: dict[str, Any], code: str, field: str, alice: User, connection: Connection
):
    answer = browser(alice).patch(f"{API}connections/{connection.pk}/", body)

    assert refusal(answer) == (400, code, field)
    connection.refresh_from_db()
    assert connection.name == "Amazon"


def test_deleting_erases_the_tokens_at_once(alice: User, connection: Connection):
    answer = browser(alice).delete(f"{API}connections/{connection.pk}/")

    connection.refresh_from_db()
    assert answer.status_code == 204
    assert (connection.refresh_token, connection.access_token) == ("", "")
    assert connection.deleted_at is not None
    again = browser(alice).delete(f"{API}connections/{connection.pk}/")
    assert codes(again) == (404, "not_found")


def test_even_a_superuser_reads_their_own_only(connection: Connection):
    root = make_user("root", is_superuser=True)

    answer = browser(root).get(f"{API}connections/{connection.pk}/")

    assert codes(answer) == (404, "not_found")


def test_a_sync_that_amazon_refuses_is_said(
    alice: User, connection: Connection, amazon: Amc
):
    path = f"{API}connections/{connection.pk}/sync/"
    amazon.revoke("Atzr|sandbox")

    refused = browser(alice).post(path)
    held = browser(alice).post(path)

    assert codes(refused) == codes(held) == (409, "credential")
    assert not Membership.objects.filter(user=alice, role="admin").exists()


def test_a_sync_while_the_application_is_held_is_asked_for_later(
    alice: User, connection: Connection
):
    hold_application("invalid_client", now=NOON)

    answer = browser(alice).post(f"{API}connections/{connection.pk}/sync/")

    assert codes(answer) == (503, "application_held")
    assert answer.headers["Retry-After"] == "300"


def test_a_sync_of_a_throttled_amazon_is_asked_for_later(
    alice: User, connection: Connection, amazon: Amc
):
    amazon.faults("throttled", operation="listAccounts", retry_after="42")

    answer = browser(alice).post(f"{API}connections/{connection.pk}/sync/")

    assert codes(answer) == (503, "throttled")
    assert answer.headers["Retry-After"] == "42"


def test_a_silent_amazon_is_a_bad_gateway(
    alice: User, connection: Connection, amazon: Amc
):
    amazon.faults("server_error", operation="listAccounts")

    answer = browser(alice).post(f"{API}connections/{connection.pk}/sync/")

    assert codes(answer) == (502, "no_usable_answer")


def test_accounts_of_a_connection_are_shown(
    alice: User, connection: Connection, account: Account
):
    make_connection(alice)

    rows = browser(alice).get(f"{API}connections/").json()["results"]

    assert [row["accounts"] for row in rows] == [[], [account.pk]]
