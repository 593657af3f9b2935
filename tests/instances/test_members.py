"""Members of an account: admins manage them, and there is always an admin left."""

from __future__ import annotations

import pytest

from instances.changelog import changing
from instances.errors import InvalidField, LastAdmin, NotPermitted
from instances.members import add_member, change_role, remove_member
from instances.models import Account, Change, Membership, Role, User
from tests.makers import NOON, make_member, make_user
from tests.rivals import in_threads


def role_of(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


def membership(user: User) -> int:
    return Membership.objects.get(user=user).pk


def test_an_admin_lets_somebody_in(account: Account, ada: User):
    nina = make_user("nina")

    with changing(ada, Change.Origin.API, now=NOON):
        added = add_member(
            account.pk, member=nina, role=Role.EDITOR, user=ada, now=NOON
        )

    assert role_of(nina) == "editor"
    assert added.created_at == NOON
    change = Membership.history.get(id=added.pk)
    assert (change.history_user, change.origin) == (ada, "api")


def test_nobody_is_a_member_twice(account: Account, ada: User, vic: User):
    with pytest.raises(InvalidField) as caught:
        add_member(account.pk, member=vic, role=Role.EDITOR, user=ada, now=NOON)

    assert (caught.value.code, caught.value.field) == ("duplicate", "user")
    assert role_of(vic) == "viewer"


@pytest.mark.parametrize("who", ["alice", "vic", "bob"])
def test_only_an_admin_manages_members(
    who: str, account: Account, ada: User, request: pytest.FixtureRequest
):
    user = request.getfixturevalue(who)
    nina = make_user("nina")
    other = make_member(make_user("otto"), account)

    with pytest.raises(NotPermitted):
        add_member(account.pk, member=nina, role=Role.VIEWER, user=user, now=NOON)
    with pytest.raises(NotPermitted):
        change_role(other.pk, role=Role.ADMIN, user=user)
    with pytest.raises(NotPermitted):
        remove_member(other.pk, user=user)
    assert role_of(nina) is None
    assert role_of(other.user) == "editor"


def test_roles_change_and_members_leave(account: Account, ada: User, vic: User):
    changed = change_role(membership(vic), role=Role.EDITOR, user=ada)
    before = role_of(vic)
    remove_member(changed.pk, user=ada)

    assert (before, role_of(vic)) == ("editor", None)


def test_the_last_admin_stays(account: Account, ada: User, vic: User):
    for role in [Role.EDITOR, Role.VIEWER]:
        with pytest.raises(LastAdmin):
            change_role(membership(ada), role=role, user=ada)
    with pytest.raises(LastAdmin):
        remove_member(membership(ada), user=ada)

    change_role(membership(vic), role=Role.ADMIN, user=ada)
    remove_member(membership(ada), user=ada)

    assert (role_of(ada), role_of(vic)) == (None, "admin")


def test_an_admin_may_be_confirmed(account: Account, ada: User):
    assert change_role(membership(ada), role=Role.ADMIN, user=ada).role == "admin"


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_remove_each_other_one_stays(
    committed_db: None, account: Account, ada: User
):
    second = make_user("anna")
    make_member(second, account, Role.ADMIN)
    admins = [ada, second]
    victims = [membership(second), membership(ada)]

    def remove(number: int) -> str:
        try:
            remove_member(victims[number], user=admins[number])
        except (LastAdmin, NotPermitted, Membership.DoesNotExist) as error:
            return type(error).__name__
        return "removed"

    outcomes = in_threads(2, remove)

    assert outcomes.count("removed") == 1
    assert Membership.objects.filter(role="admin").count() == 1
