"""Roles: who may do what in an account."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from instances.access import (
    accounts_with,
    may,
    may_run,
    require,
    require_all,
    role_of,
)
from instances.errors import NotPermitted
from instances.models import Account, Role, User
from tests.makers import make_account, make_member, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("has", "may_do"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.EDITOR, {Role.VIEWER, Role.EDITOR}),
        (Role.ADMIN, {Role.VIEWER, Role.EDITOR, Role.ADMIN}),
    ],
)
def test_a_role_contains_the_lower_ones(
    account: Account, has: Role, may_do: set[Role]
) -> None:
    user = make_user()
    make_member(user, account, has)

    assert {role for role in Role if may(user, account.pk, role)} == may_do
    assert may_run(user.pk, account.pk) is (Role.EDITOR in may_do)


def test_a_role_counts_in_its_own_account_only(account: Account, alice: User) -> None:
    other = make_account()

    assert role_of(alice, other.pk) is None
    assert not may(alice, other.pk, Role.VIEWER)
    assert not may_run(alice.pk, other.pk)


def test_a_superuser_may_everything_everywhere(account: Account) -> None:
    root = make_user(is_superuser=True)

    assert role_of(root, account.pk) == Role.ADMIN
    assert may(root, account.pk, Role.ADMIN)
    assert may_run(root.pk, account.pk)


@pytest.mark.parametrize("is_superuser", [True, False])
def test_who_is_deactivated_may_nothing(account: Account, is_superuser: bool) -> None:
    gone = make_user(is_superuser=is_superuser, is_active=False)
    make_member(gone, account, Role.ADMIN)

    assert role_of(gone, account.pk) is None
    assert not may(gone, account.pk, Role.VIEWER)
    assert not may_run(gone.pk, account.pk)


def test_require_names_the_role_needed_and_the_role_held(
    account: Account, vic: User
) -> None:
    with pytest.raises(NotPermitted) as refusal:
        require(vic, account.pk, Role.EDITOR)

    assert refusal.value.code == "forbidden"
    assert "role editor" in refusal.value.message
    assert "you are its viewer" in refusal.value.message


def test_require_tells_a_stranger_that_they_are_no_member(
    account: Account, bob: User
) -> None:
    with pytest.raises(NotPermitted, match="not a member"):
        require(bob, account.pk, Role.VIEWER)


def test_require_lets_pass_who_may(account: Account, ada: User) -> None:
    require(ada, account.pk, Role.ADMIN)


def test_may_run_asks_the_database_once(account: Account, alice: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert may_run(alice.pk, account.pk)

    assert len(queries) == 1


def test_many_accounts_are_asked_for_with_one_query(account: Account) -> None:
    user, read_only, foreign = make_user(), make_account(), make_account()
    make_member(user, account, Role.EDITOR)
    make_member(user, read_only, Role.VIEWER)
    wanted = [account.pk, read_only.pk, foreign.pk, None]

    with CaptureQueriesContext(connection) as asked:
        editing = accounts_with(user, wanted, Role.EDITOR)
    reading = accounts_with(user, wanted, Role.VIEWER)

    assert editing == {account.pk}
    assert reading == {account.pk, read_only.pk}
    assert len(asked) == 1


def test_one_missing_account_refuses_all(account: Account, alice: User) -> None:
    other = make_account()

    require_all(alice, [account.pk, account.pk], Role.EDITOR)
    for missing in (other.pk, None):
        with pytest.raises(NotPermitted):
            require_all(alice, [account.pk, missing], Role.EDITOR)


def test_a_superuser_has_every_account_and_the_deactivated_none(
    account: Account, alice: User
) -> None:
    root = make_user(is_superuser=True)
    alice.is_active = False

    assert accounts_with(root, [account.pk, None], Role.ADMIN) == {account.pk, None}
    assert accounts_with(alice, [account.pk], Role.VIEWER) == set()
