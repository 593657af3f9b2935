"""The change log: each history row says who, from where, why and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.changelog import changing, note, record_created
from instances.models import Account, Membership, Role, User
from instances.models.changes import Change
from tests.makers import NOON, make_member, make_user

pytestmark = pytest.mark.django_db


def test_a_change_inside_the_block_is_signed(
    account: Account, ada: User, bob: User
) -> None:
    with changing(ada, Change.Origin.API, "joins the team", now=NOON):
        membership = make_member(bob, account, Role.VIEWER)

    row = membership.history.get()
    assert row.history_user == ada
    assert row.origin == Change.Origin.API
    assert row.history_change_reason == "joins the team"
    assert row.history_date == NOON


def test_an_inner_block_wins_and_the_outer_one_comes_back(
    account: Account, ada: User, bob: User
) -> None:
    later = NOON + timedelta(minutes=1)
    with changing(ada, Change.Origin.ADMIN, "outer", now=NOON):
        with changing(None, Change.Origin.SYSTEM, "inner", now=later):
            membership = make_member(bob, account, Role.VIEWER)
        membership.role = Role.EDITOR
        membership.save()

    outer, inner = membership.history.order_by("-history_id")
    assert (inner.history_user, inner.origin, inner.history_date) == (
        None,
        Change.Origin.SYSTEM,
        later,
    )
    assert (outer.history_user, outer.origin, outer.history_date) == (
        ada,
        Change.Origin.ADMIN,
        NOON,
    )


def test_an_error_in_the_block_ends_it(account: Account, ada: User, bob: User) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        changing(ada, Change.Origin.API, "fails", now=NOON),
    ):
        _ = 1 / 0

    assert make_member(bob, account).history.get().history_user is None


def test_a_long_reason_is_cut_and_not_refused(
    account: Account, ada: User, bob: User
) -> None:
    with changing(ada, Change.Origin.API, "x" * 500, now=NOON):
        membership = make_member(bob, account)

    assert membership.history.get().history_change_reason == "x" * 100


def test_many_new_objects_are_recorded_like_one(account: Account, ada: User) -> None:
    rows = [
        Membership(account=account, user=make_user(), role=Role.VIEWER, created_at=NOON)
        for _ in range(3)
    ]
    with changing(ada, Change.Origin.API, "the new team", now=NOON):
        Membership.objects.bulk_create(rows)
        record_created(rows, now=NOON + timedelta(hours=1))

    changes = Membership.history.filter(history_change_reason="the new team")
    assert {(row.history_user, row.history_type, row.origin) for row in changes} == {
        (ada, "+", "api")
    }
    assert {row.history_date for row in changes} == {NOON}
    assert {row.id for row in changes} == {row.pk for row in rows}


def test_a_note_is_in_the_history_and_changes_nothing(
    account: Account, ada: User, bob: User
) -> None:
    membership = make_member(bob, account, Role.VIEWER)
    stale = Membership.objects.get(pk=membership.pk)
    Membership.objects.filter(pk=membership.pk).update(role=Role.ADMIN)

    with changing(ada, Change.Origin.API, "of the block", now=NOON):
        note(stale, "x" * 200, now=NOON)

    row = membership.history.latest("history_id")
    assert (row.history_user, row.history_type) == (ada, "~")
    assert row.history_change_reason == "x" * 100
    membership.refresh_from_db()
    assert membership.role == Role.ADMIN


def test_a_note_outside_a_block_is_the_systems(account: Account, bob: User) -> None:
    membership = make_member(bob, account, Role.VIEWER)

    note(membership, "looked at", now=NOON)
    record_created([], now=NOON)

    row = membership.history.latest("history_id")
    assert (row.history_user, row.origin, row.history_date) == (None, "system", NOON)
