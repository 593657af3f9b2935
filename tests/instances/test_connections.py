"""Access tokens: kept, refreshed by one at a time, and refused ones held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from pytest_django.fixtures import Settings

from instances import vault
from instances.alarms import open_alarms
from instances.changelog import changing
from instances.connections import (
    access_token,
    disconnect,
    hold,
    keep,
    release,
    release_readable,
    replaced_token,
    retry_held_application,
)
from instances.errors import ApplicationHeld, CredentialRefused, LwaUnavailable
from instances.holds import hold_application, is_application_held
from instances.lwa import Tokens
from instances.models import Account, Connection, User
from instances.models.changes import Change
from instances.rotation import rotate
from instances.timing import times
from tests.amc.server import Amc
from tests.makers import NOON, make_connection
from tests.rivals import held_elsewhere

pytestmark = pytest.mark.django_db

AGREED = Tokens(
    access_token="Atza|agreed",
    refresh_token="Atzr|agreed",
    lifetime=timedelta(hours=1),
)


@pytest.fixture
def short_lease(settings: Settings) -> Iterator[None]:
    settings.TIMES = {"refresh_lease": 0.05}
    times.cache_clear()
    yield
    times.cache_clear()


def refreshes(amazon: Amc) -> int:
    return len(amazon.requests("token"))


def test_the_first_token_is_fetched_and_kept(
    connection: Connection, amazon: Amc
) -> None:
    token = access_token(connection.pk, now=NOON)

    assert token.startswith("Atza|")
    assert access_token(connection.pk, now=NOON + timedelta(minutes=30)) == token
    assert refreshes(amazon) == 1
    connection.refresh_from_db()
    assert connection.refreshed_at >= NOON
    assert connection.refreshing_until is None
    assert connection.token_version == 1


def test_tokens_are_stored_as_ciphertext(connection: Connection, amazon: Amc) -> None:
    token = access_token(connection.pk, now=NOON)

    connection.refresh_from_db()
    assert token not in connection.access_token
    assert vault.unseal(connection.pk, connection.access_token) == token


def test_a_token_is_refreshed_before_it_ends(
    connection: Connection, amazon: Amc
) -> None:
    first = access_token(connection.pk, now=NOON)
    soon = NOON + timedelta(minutes=56)
    amazon.clock(now=soon.isoformat())

    assert access_token(connection.pk, now=soon) != first
    assert refreshes(amazon) == 2


def test_a_token_that_ends_soon_serves_while_login_is_down(
    connection: Connection, amazon: Amc
) -> None:
    first = access_token(connection.pk, now=NOON)
    amazon.faults("server_error", operation="token")

    assert access_token(connection.pk, now=NOON + timedelta(minutes=56)) == first


def test_a_rejected_token_is_replaced(connection: Connection, amazon: Amc) -> None:
    rejected = access_token(connection.pk, now=NOON)

    fresh = replaced_token(connection.pk, rejected, now=NOON)

    assert fresh != rejected
    assert access_token(connection.pk, now=NOON) == fresh


def test_a_token_that_somebody_replaced_already_is_not_replaced_again(
    connection: Connection, amazon: Amc
) -> None:
    rejected = access_token(connection.pk, now=NOON)
    fresh = replaced_token(connection.pk, rejected, now=NOON)

    assert replaced_token(connection.pk, rejected, now=NOON) == fresh
    assert refreshes(amazon) == 2


def test_an_answer_without_refresh_token_keeps_the_old_one(
    connection: Connection, amazon: Amc
) -> None:
    fault = amazon.faults("no_refresh_token", operation="token")

    access_token(connection.pk, now=NOON)

    assert amazon.hits(fault) == 1
    connection.refresh_from_db()
    assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|sandbox"


def test_a_revoked_authorisation_holds_its_connection_with_one_alarm(
    connection: Connection, amazon: Amc
) -> None:
    amazon.revoke("Atzr|sandbox")

    for _ in range(2):
        with pytest.raises(CredentialRefused):
            access_token(connection.pk, now=NOON)

    assert refreshes(amazon) == 1
    connection.refresh_from_db()
    assert connection.held_at >= NOON
    assert "revoked" in connection.hold_reason
    alarm = open_alarms().get()
    assert (alarm.code, alarm.subject) == (
        "connection_held",
        f"connection {connection.pk}",
    )
    assert alarm.facts["connection"] == connection.pk
    assert alarm.facts["owner"] == connection.owner_id
    change = connection.history.latest("history_id")
    assert (change.origin, change.held_at) == ("system", connection.held_at)


def test_a_revoked_authorisation_leaves_other_connections_alone(
    connection: Connection, bob: User, amazon: Amc
) -> None:
    other = make_connection(bob)
    other.refresh_token = vault.seal(other.pk, "Atzr|sandbox2")
    other.save()
    amazon.revoke("Atzr|sandbox")
    with pytest.raises(CredentialRefused):
        access_token(connection.pk, now=NOON)

    assert access_token(other.pk, now=NOON)


@pytest.mark.parametrize("fault", ["invalid_client", "unauthorized_client"])
def test_a_refused_application_is_held_and_no_connection_blamed(
    connection: Connection, amazon: Amc, fault: str
) -> None:
    amazon.faults(fault, operation="token")

    for _ in range(2):
        with pytest.raises(ApplicationHeld):
            access_token(connection.pk, now=NOON)

    assert refreshes(amazon) == 1
    connection.refresh_from_db()
    assert connection.held_at is None
    assert connection.refreshing_until is None
    assert open_alarms().get().code == "application_held"


def test_a_token_in_hand_serves_while_the_application_is_held(
    connection: Connection, amazon: Amc
) -> None:
    token = access_token(connection.pk, now=NOON)
    hold_application("Client authentication failed", now=NOON)

    assert access_token(connection.pk, now=NOON + timedelta(minutes=57)) == token
    with pytest.raises(ApplicationHeld):
        access_token(connection.pk, now=NOON + timedelta(minutes=61))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("server_error", {"status": 500}),
        ("server_error", {"status": 503}),
        ("throttled", {}),
        ("request_lost", {}),
        ("reply_lost", {"reset": True}),
        ("garbage", {}),
        ("garbage", {"body": "{}", "content_type": "application/json"}),
        ("garbage", {"body": '{"access_token": 7, "expires_in": 3600}'}),
        ("garbage", {"body": '{"access_token": "Atza|x", "expires_in": true}'}),
        ("garbage", {"body": '{"access_token": "Atza|x\\n", "expires_in": 3600}'}),
        ("garbage", {"status": 400, "body": '{"error": "invalid_request"}'}),
        ("garbage", {"status": 500, "body": '{"error": "invalid_grant"}'}),
        ("garbage", {"status": 302, "body": ""}),
        ("truncated", {}),
        ("oversized", {"megabytes": 6}),
    ],
)
def test_any_other_answer_of_login_holds_nothing(
    connection: Connection, amazon: Amc, kind: str, options: dict[str, object]
) -> None:
    amazon.faults(kind, operation="token", count=1, **options)

    with pytest.raises(LwaUnavailable):
        access_token(connection.pk, now=NOON)

    connection.refresh_from_db()
    assert connection.held_at is None
    assert not is_application_held()
    assert not open_alarms().exists()
    assert access_token(connection.pk, now=NOON)


def test_a_held_connection_gives_out_no_token_even_if_it_has_one(
    connection: Connection, amazon: Amc
) -> None:
    access_token(connection.pk, now=NOON)
    assert hold(connection.pk, "by hand", now=NOON)
    assert not hold(connection.pk, "again", now=NOON)

    with pytest.raises(CredentialRefused, match="by hand"):
        access_token(connection.pk, now=NOON)


def test_a_refusal_of_an_old_token_does_not_hold_a_new_one(
    connection: Connection,
) -> None:
    Connection.objects.filter(pk=connection.pk).update(token_version=2)

    assert not hold(connection.pk, "revoked", now=NOON, version=1)

    connection.refresh_from_db()
    assert connection.held_at is None


def test_a_release_ends_the_hold_and_its_alarm(
    connection: Connection, alice: User
) -> None:
    hold(connection.pk, "by hand", now=NOON)

    with changing(alice, Change.Origin.ADMIN, "works again", now=NOON):
        assert release(connection.pk, now=NOON)
        assert not release(connection.pk, now=NOON)

    connection.refresh_from_db()
    assert (connection.held_at, connection.hold_reason) == (None, "")
    assert not open_alarms().exists()
    assert connection.history.latest("history_id").history_user == alice


def test_a_token_under_a_lost_key_holds_the_connection(
    connection: Connection, amazon: Amc
) -> None:
    stranger = vault.seal(connection.pk + 1, "Atzr|sandbox")
    Connection.objects.filter(pk=connection.pk).update(refresh_token=stranger)

    with pytest.raises(CredentialRefused, match="cannot be read"):
        access_token(connection.pk, now=NOON)

    assert refreshes(amazon) == 0


def test_a_hold_for_a_lost_key_ends_when_the_key_is_back(
    connection: Connection, amazon: Amc
) -> None:
    readable = connection.refresh_token
    Connection.objects.filter(pk=connection.pk).update(refresh_token="gibberish")
    with pytest.raises(CredentialRefused):
        access_token(connection.pk, now=NOON)
    assert release_readable(NOON) == 0

    Connection.objects.filter(pk=connection.pk).update(refresh_token=readable)
    assert release_readable(NOON) == 1

    assert access_token(connection.pk, now=NOON)
    assert not open_alarms().exists()


def test_a_hold_for_another_reason_stays(connection: Connection) -> None:
    hold(connection.pk, "revoked", now=NOON)

    assert release_readable(NOON) == 0


def test_an_unreadable_access_token_is_replaced(
    connection: Connection, amazon: Amc
) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        access_token="gibberish", access_token_expires_at=NOON + timedelta(hours=1)
    )

    assert access_token(connection.pk, now=NOON).startswith("Atza|")


def test_disconnecting_erases_the_tokens_and_keeps_the_row(
    connection: Connection, alice: User, amazon: Amc
) -> None:
    access_token(connection.pk, now=NOON)
    hold(connection.pk, "by hand", now=NOON)

    with changing(alice, Change.Origin.API, "leaves", now=NOON):
        disconnect(connection, now=NOON)

    connection.refresh_from_db()
    assert connection.refresh_token == connection.access_token == ""
    assert connection.deleted_at == NOON
    assert not open_alarms().exists()
    assert connection.history.latest("history_id").history_change_reason == "leaves"
    with pytest.raises(CredentialRefused, match="deleted"):
        access_token(connection.pk, now=NOON)


@pytest.mark.django_db(transaction=True)
def test_nobody_who_stores_a_run_for_a_connection_holds_up_its_hold(
    connection: Connection,
) -> None:
    with held_elsewhere(connection, "KEY SHARE"):
        assert hold(connection.pk, "refused", now=NOON)
        assert release(connection.pk, now=NOON)
        disconnect(connection, now=NOON)


def test_an_unknown_connection_is_refused() -> None:
    with pytest.raises(CredentialRefused):
        access_token(0, now=NOON)


def test_who_waits_for_anothers_refresh_gives_up_after_the_lease(
    connection: Connection, short_lease: None
) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        refreshing_until=NOON + timedelta(minutes=1)
    )

    with pytest.raises(LwaUnavailable, match="Another process"):
        access_token(connection.pk, now=NOON)


def test_a_lease_that_ran_out_is_taken_over(
    connection: Connection, amazon: Amc
) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        refreshing_until=NOON - timedelta(seconds=1)
    )

    assert access_token(connection.pk, now=NOON)


def test_a_held_application_is_released_by_the_first_refresh_that_works(
    connection: Connection, amazon: Amc
) -> None:
    fault = amazon.faults("invalid_client", operation="token")
    with pytest.raises(ApplicationHeld):
        access_token(connection.pk, now=NOON)

    assert not retry_held_application(NOON)
    assert is_application_held()

    amazon.clear_fault(fault)
    assert retry_held_application(NOON)
    assert not is_application_held()
    assert not open_alarms().exists()


def test_a_held_application_is_tried_with_the_next_connection_after_a_revoked_one(
    connection: Connection, bob: User, account: Account, amazon: Amc
) -> None:
    other = make_connection(bob)
    other.refresh_token = vault.seal(other.pk, "Atzr|sandbox2")
    other.save()
    amazon.revoke("Atzr|sandbox")
    hold_application("Client authentication failed", now=NOON)

    assert retry_held_application(NOON)

    connection.refresh_from_db()
    assert connection.held_at


def test_an_application_that_is_not_held_is_not_tried(
    connection: Connection, amazon: Amc
) -> None:
    assert not retry_held_application(NOON)
    assert refreshes(amazon) == 0


def test_of_four_that_need_a_token_at_once_one_refreshes(
    committed_db: None, connection: Connection, amazon: Amc
) -> None:
    amazon.faults("slow", operation="token", seconds=0.3)

    def ask(_: int) -> str:
        try:
            return access_token(connection.pk, now=NOON)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(ask, range(4)))

    assert len(tokens) == 1
    assert refreshes(amazon) == 1


def in_another_thread(pool: ThreadPoolExecutor, connection: Connection) -> Future[str]:
    """Ask for a token; returns when Amazon has been asked."""

    def ask() -> str:
        try:
            return access_token(connection.pk, now=NOON)
        finally:
            database.close()

    asked = pool.submit(ask)
    claimed = Connection.objects.filter(refreshing_until__isnull=False)
    wait_until(claimed.exists)
    return asked


def test_a_refresh_that_ends_after_the_disconnection_stores_nothing(
    committed_db: None, connection: Connection, amazon: Amc
) -> None:
    amazon.faults("slow", operation="token", seconds=0.5)

    with ThreadPoolExecutor(1) as pool:
        asked = in_another_thread(pool, connection)
        disconnect(connection, now=NOON)
        with pytest.raises(CredentialRefused, match="deleted"):
            asked.result()

    connection.refresh_from_db()
    assert connection.refresh_token == connection.access_token == ""


def test_a_refresh_that_ends_after_a_reconnect_does_not_replace_its_tokens(
    committed_db: None, connection: Connection, amazon: Amc
) -> None:
    amazon.faults("slow", operation="token", seconds=0.5)

    with ThreadPoolExecutor(1) as pool:
        asked = in_another_thread(pool, connection)
        keep(connection, AGREED, now=NOON)
        assert asked.result() == "Atza|agreed"

    connection.refresh_from_db()
    assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|agreed"


def test_a_refusal_that_comes_after_a_reconnect_holds_nothing(
    committed_db: None, connection: Connection, amazon: Amc
) -> None:
    amazon.revoke("Atzr|sandbox")
    amazon.faults("slow", operation="token", seconds=0.5)

    with ThreadPoolExecutor(1) as pool:
        asked = in_another_thread(pool, connection)
        keep(connection, AGREED, now=NOON)
        assert asked.result() == "Atza|agreed"

    connection.refresh_from_db()
    assert connection.held_at is None


def test_a_rotation_of_keys_loses_no_token_that_was_stored_meanwhile(
    committed_db: None, connection: Connection
) -> None:
    row = Connection.objects.filter(pk=connection.pk)

    def rotate_elsewhere() -> int:
        try:
            return rotate().rotated
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            row.select_for_update().get()
            rotation = pool.submit(rotate_elsewhere)  # reads, then waits to write
            wait_until(somebody_waits_for_a_lock)
            row.update(access_token=vault.seal(connection.pk, "Atza|newer"))
        assert rotation.result() == 1

    connection.refresh_from_db()
    assert vault.unseal(connection.pk, connection.access_token) == "Atza|newer"
    assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|sandbox"


def somebody_waits_for_a_lock() -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
