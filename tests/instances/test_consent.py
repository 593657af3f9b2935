"""Connecting at Amazon: there and back once, by the same person in the same session."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.db import connection as database

from instances import vault
from instances.alarms import open_alarms
from instances.connections import access_token, disconnect, hold
from instances.consent import begin, decline, finish, return_path
from instances.errors import (
    ApplicationHeld,
    ConsentRefused,
    CredentialRefused,
    InstancesError,
    LwaUnavailable,
    NotPermitted,
)
from instances.holds import hold_application, is_application_held
from instances.models import Connection, ConsentRequest, Region, User
from tests.amc.server import Amc
from tests.broker import Broker
from tests.makers import NOON

pytestmark = pytest.mark.django_db
SESSION = "alices-session"
SOON = NOON + timedelta(minutes=1)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def decide(url: str, decision: str = "allow", account: str = "ENTITY1SANDBOX") -> str:
    """What the person does on Amazon's page; the URL they are sent back to."""
    page = urlsplit(url)
    answer = httpx.post(
        f"{page.scheme}://{page.netloc}{page.path}",
        data=query(url) | {"decision": decision, "account": account},
        trust_env=False,
    )
    return answer.headers["location"]


def sent_away(user: User, connection: Connection | None = None) -> str:
    return begin(user, SESSION, region=Region.NA, connection=connection, now=NOON)


def agreed(user: User, connection: Connection | None = None) -> dict[str, str]:
    """What comes back when the person agrees: code, scope and state."""
    return query(decide(sent_away(user, connection)))


def refusal_code(*args: str, user: User) -> str:
    session, state, code = args
    with pytest.raises(ConsentRefused) as caught:
        finish(user, session, state, code, now=SOON)
    assert caught.value.message
    return caught.value.code


def test_a_new_connection_is_made_and_works(bob: User, amazon: Amc) -> None:
    back = agreed(bob)

    connection = finish(bob, SESSION, back["state"], back["code"], now=SOON)

    assert connection.owner == bob
    assert connection.created_at == SOON
    token = vault.unseal(connection.pk, connection.access_token)
    assert access_token(connection.pk, now=SOON) == token
    assert connection.refresh_token.startswith("gAAAA")
    change = connection.history.latest("history_id")
    assert (change.history_user, change.origin) == (bob, "api")


def test_what_a_new_connection_reaches_is_asked_for(
    bob: User, amazon: Amc, broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    back = agreed(bob)

    with django_capture_on_commit_callbacks(execute=True):
        connection = finish(bob, SESSION, back["state"], back["code"], now=SOON)

    assert broker.waiting() == [("instances.tasks.sync_connection", connection.pk)]


def test_amazon_sends_people_back_to_our_public_address(bob: User, amazon: Amc) -> None:
    url = sent_away(bob)

    asked = query(url)
    assert asked["redirect_uri"] == (
        "http://localhost:8000/api/v1/connections/callback/"
    )
    assert asked["scope"] == "advertising::campaign_management"
    assert asked["response_type"] == "code"
    assert "secret" not in url


@pytest.mark.parametrize(
    ("region", "page"),
    [
        (Region.NA, "https://www.amazon.com/ap/oa?"),
        (Region.EU, "https://eu.account.amazon.com/ap/oa?"),
        (Region.FE, "https://apac.account.amazon.com/ap/oa?"),
    ],
)
def test_each_region_has_its_page(bob: User, region: Region, page: str) -> None:
    assert begin(bob, SESSION, region=region, now=NOON).startswith(page)


def test_the_database_does_not_know_the_state(bob: User) -> None:
    state = query(sent_away(bob))["state"]

    request = ConsentRequest.objects.values().get()
    assert state not in str(request)
    assert SESSION not in str(request)


def test_reconnecting_releases_the_connection_and_ends_its_alarm(
    alice: User, connection: Connection, amazon: Amc
) -> None:
    amazon.revoke("Atzr|sandbox")
    with pytest.raises(CredentialRefused):
        access_token(connection.pk, now=NOON)
    back = agreed(alice, connection)

    again = finish(alice, SESSION, back["state"], back["code"], now=SOON)

    assert again == connection
    assert (again.held_at, again.hold_reason) == (None, "")
    assert not open_alarms().exists()
    assert access_token(connection.pk, now=SOON)


def test_reconnecting_as_somebody_else_is_refused(
    alice: User, connection: Connection, amazon: Amc
) -> None:
    hold(connection.pk, "revoked", now=NOON)
    back = query(decide(sent_away(alice, connection), account="ENTITY2SANDBOX"))

    code = refusal_code(SESSION, back["state"], back["code"], user=alice)

    assert code == "consent_other_person"
    connection.refresh_from_db()
    assert connection.held_at
    assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|sandbox"


def test_reconnecting_as_the_same_person_is_recognised(
    alice: User, connection: Connection, amazon: Amc
) -> None:
    back = agreed(alice, connection)

    assert finish(alice, SESSION, back["state"], back["code"], now=SOON) == connection


def test_only_the_owner_reconnects(
    bob: User, connection: Connection, amazon: Amc
) -> None:
    with pytest.raises(NotPermitted):
        sent_away(bob, connection)


def test_a_connection_that_was_deleted_meanwhile_stays_deleted(
    alice: User, connection: Connection, amazon: Amc
) -> None:
    back = agreed(alice, connection)
    disconnect(connection, now=SOON)

    with pytest.raises(CredentialRefused):
        finish(alice, SESSION, back["state"], back["code"], now=SOON)

    connection.refresh_from_db()
    assert connection.refresh_token == ""


def test_a_state_works_once(bob: User, amazon: Amc) -> None:
    back = agreed(bob)
    finish(bob, SESSION, back["state"], back["code"], now=SOON)

    assert refusal_code(SESSION, back["state"], "other", user=bob) == "consent_used"
    assert bob.connections.count() == 1


def test_a_state_of_nobody_is_refused(bob: User, amazon: Amc) -> None:
    assert refusal_code(SESSION, "invented", "code", user=bob) == "consent_unknown"
    assert refusal_code(SESSION, "", "code", user=bob) == "consent_unknown"
    assert amazon.requests("token") == []


def test_a_state_of_somebody_else_is_refused_and_stays_theirs(
    bob: User, alice: User, amazon: Amc
) -> None:
    back = agreed(alice)

    code = refusal_code(SESSION, back["state"], back["code"], user=bob)

    assert code == "consent_foreign"
    assert bob.connections.count() == 0
    assert finish(alice, SESSION, back["state"], back["code"], now=SOON)


def test_a_state_of_another_session_is_refused(bob: User, amazon: Amc) -> None:
    back = agreed(bob)

    code = refusal_code("another-session", back["state"], back["code"], user=bob)

    assert code == "consent_foreign"


def test_a_state_lives_ten_minutes(bob: User, amazon: Amc) -> None:
    back = agreed(bob)

    with pytest.raises(ConsentRefused) as caught:
        finish(
            bob,
            SESSION,
            back["state"],
            back["code"],
            now=NOON + timedelta(minutes=10),
        )

    assert caught.value.code == "consent_expired"


@pytest.mark.parametrize("code", ["", "x" * 5_000])
def test_an_impossible_code_is_refused_without_asking_amazon(
    bob: User, amazon: Amc, code: str
) -> None:
    back = agreed(bob)

    assert refusal_code(SESSION, back["state"], code, user=bob) == "consent_no_code"
    assert amazon.requests("token") == []


def test_an_invented_code_is_refused(bob: User, amazon: Amc) -> None:
    back = agreed(bob)

    code = refusal_code(SESSION, back["state"], "invented", user=bob)

    assert code == "consent_code_refused"
    assert not Connection.objects.exists()


def test_an_authorisation_without_refresh_token_is_refused(
    bob: User, amazon: Amc
) -> None:
    amazon.faults("no_refresh_token", operation="token")
    back = agreed(bob)

    code = refusal_code(SESSION, back["state"], back["code"], user=bob)

    assert code == "consent_no_refresh_token"


@pytest.mark.parametrize(
    ("fault", "error"),
    [("server_error", LwaUnavailable), ("invalid_client", ApplicationHeld)],
)
def test_trouble_at_amazon_makes_no_connection(
    bob: User, amazon: Amc, fault: str, error: type[InstancesError]
) -> None:
    back = agreed(bob)
    amazon.faults(fault, operation="token")

    with pytest.raises(error):
        finish(bob, SESSION, back["state"], back["code"], now=SOON)

    assert not Connection.objects.exists()


def test_an_authorisation_proves_that_amazon_accepts_the_application(
    bob: User, amazon: Amc
) -> None:
    hold_application("Client authentication failed", now=NOON)
    back = agreed(bob)

    finish(bob, SESSION, back["state"], back["code"], now=SOON)

    assert not is_application_held()


def test_who_does_not_agree_is_told_so(bob: User, amazon: Amc) -> None:
    back = query(decide(sent_away(bob), "deny"))

    with pytest.raises(ConsentRefused, match="did not agree") as caught:
        decline(bob, SESSION, back["state"], back["error"], now=SOON)

    assert caught.value.code == "consent_denied"
    assert refusal_code(SESSION, back["state"], "code", user=bob) == "consent_used"


def test_an_unknown_word_of_amazon_is_logged_and_not_repeated_to_people(
    bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    state = query(sent_away(bob))["state"]

    with pytest.raises(ConsentRefused) as caught:
        decline(bob, SESSION, state, "<script>", now=SOON)

    assert caught.value.code == "consent_failed"
    assert "<script>" not in caught.value.message
    assert "<script>" in caplog.text


def test_the_way_back_is_remembered(bob: User) -> None:
    url = begin(
        bob, SESSION, region=Region.NA, return_path="/connections?tab=1", now=NOON
    )

    assert return_path(query(url)["state"]) == "/connections?tab=1"
    assert return_path("invented") == "/connections"


def test_requests_of_yesterday_are_forgotten(bob: User) -> None:
    sent_away(bob)

    begin(bob, SESSION, region=Region.NA, now=NOON + timedelta(days=2))

    assert ConsentRequest.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "connections",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/" + "x" * 255,
    ],
)
def test_the_way_back_stays_on_this_site(bob: User, path: str) -> None:
    with pytest.raises(ConsentRefused) as caught:
        begin(bob, SESSION, region=Region.NA, return_path=path, now=NOON)

    assert caught.value.field == "return_path"


def test_of_two_callbacks_at_once_one_makes_a_connection(
    committed_db: None, bob: User, amazon: Amc
) -> None:
    back = agreed(bob)

    def call_back(_: int) -> str:
        try:
            finish(bob, SESSION, back["state"], back["code"], now=SOON)
        except ConsentRefused as refusal:
            return refusal.code
        finally:
            database.close()
        return "connected"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(call_back, range(2)))

    assert outcomes == ["connected", "consent_used"]
    assert bob.connections.count() == 1
