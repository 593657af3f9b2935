"""Tokens at rest: bound to their connection, and readable through a change of keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from instances import vault
from instances.errors import UnreadableToken
from instances.models import Connection
from instances.rotation import rotate

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def under_the_old_key(settings: Settings) -> Iterator[None]:
    use_keys(settings, OLD)
    yield
    vault._keys.cache_clear()


def use_keys(settings: Settings, *keys: str) -> None:
    """As after a restart with other TOKEN_KEYS."""
    settings.TOKEN_KEYS = list(keys)
    vault._keys.cache_clear()


@given(connection_id=st.integers(0, 2**63), token=st.text(max_size=2_048))
def test_what_is_sealed_comes_back(connection_id: int, token: str) -> None:
    assert vault.unseal(connection_id, vault.seal(connection_id, token)) == token


def test_a_ciphertext_tells_nothing_and_differs_each_time() -> None:
    first, second = vault.seal(1, "Atzr|secret"), vault.seal(1, "Atzr|secret")

    assert "secret" not in first
    assert first != second


def test_a_ciphertext_moved_to_another_connection_is_refused() -> None:
    with pytest.raises(UnreadableToken):
        vault.unseal(2, vault.seal(1, "Atzr|secret"))


@pytest.mark.parametrize("garbage", ["", "gAAAA", "no token", "ä" * 50])
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(UnreadableToken):
        vault.unseal(1, garbage)
    with pytest.raises(UnreadableToken):
        vault.reseal(garbage)


def test_a_new_key_encrypts_and_the_old_one_still_decrypts(settings: Settings) -> None:
    old = vault.seal(1, "Atzr|secret")

    use_keys(settings, NEW, OLD)
    new = vault.reseal(old)
    assert vault.unseal(1, old) == vault.unseal(1, new) == "Atzr|secret"

    use_keys(settings, NEW)
    assert vault.unseal(1, new) == "Atzr|secret"
    with pytest.raises(UnreadableToken):
        vault.unseal(1, old)


@pytest.mark.django_db
def test_rotation_puts_every_token_under_the_newest_key(
    connection: Connection, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    Connection.objects.update(access_token=vault.seal(connection.pk, "Atza|access"))
    use_keys(settings, NEW, OLD)

    call_command("rotate_tokens")

    assert "1 connections are under the newest key" in capsys.readouterr().out
    use_keys(settings, NEW)
    connection.refresh_from_db()
    assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|sandbox"
    assert vault.unseal(connection.pk, connection.access_token) == "Atza|access"


@pytest.mark.django_db
def test_rotation_leaves_versions_and_claims_alone(connection: Connection) -> None:
    version = connection.token_version

    rotate()

    connection.refresh_from_db()
    assert connection.token_version == version


@pytest.mark.django_db
def test_rotation_names_what_no_key_reads_and_goes_on(
    connection: Connection, settings: Settings
) -> None:
    lost = Connection.objects.create(
        owner=connection.owner,
        refresh_token="gibberish",
        created_at=connection.created_at,
    )
    use_keys(settings, NEW, OLD)

    with pytest.raises(CommandError, match=f"connection {lost.pk}"):
        call_command("rotate_tokens")

    use_keys(settings, NEW)
    connection.refresh_from_db()
    assert vault.unseal(connection.pk, connection.refresh_token)


@pytest.mark.django_db
def test_what_was_disconnected_is_not_rotated(connection: Connection) -> None:
    Connection.objects.update(refresh_token="", access_token="")

    assert rotate().rotated == 0
