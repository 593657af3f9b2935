"""Accounts, members and instances at the API: whose they are, and what may be set."""

from __future__ import annotations

from typing import Any

import pytest

from instances.models import Account, Instance, Membership, User
from tests.browsers import API, browser, codes, refusal
from tests.makers import NOON, make_account, make_instance, make_member, make_user


def names(user: User, path: str) -> list[Any]:
    return [row["id"] for row in browser(user).get(f"{API}{path}").json()["results"]]


# --- Accounts ----------------------------------------------------------------------


def test_accounts_are_ones_own_with_ones_role(account: Account, vic: User, bob: User):
    (seen,) = browser(vic).get(f"{API}accounts/").json()["results"]

    assert (seen["id"], seen["role"]) == (account.pk, "viewer")
    assert account.pk not in names(bob, "accounts/")


def test_a_superuser_sees_all_as_an_admin(account: Account, bob: User):
    root = make_user("root", is_superuser=True)

    found = browser(root).get(f"{API}accounts/").json()["results"]

    assert {row["role"] for row in found} == {"admin"}
    assert len(found) == Account.objects.count()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=acm", True),
        ("?q=zzz", False),
        ("?region=NA", True),
        ("?region=EU", False),
        ("?account_id=ENTITY", False),
    ],
)
def test_accounts_are_found(query: str, found: bool, account: Account, vic: User):
    assert names(vic, f"accounts/{query}") == ([account.pk] if found else [])


# --- Members -----------------------------------------------------------------------


def members_of(account: Account) -> str:
    return f"{API}accounts/{account.pk}/members/"


def test_members_read_who_they_are(account: Account, vic: User, ada: User):
    found = browser(vic).get(members_of(account)).json()["results"]

    assert [(row["user"], row["role"]) for row in found] == [
        ("ada", "admin"),
        ("vic", "viewer"),
    ]


def test_a_member_of_another_account_is_not_found_here(account: Account, ada: User):
    other = make_account()
    elsewhere = make_member(make_user(), other)

    here = browser(ada).get(f"{members_of(account)}{elsewhere.pk}/")
    there = browser(ada).get(members_of(other))

    assert codes(here) == codes(there) == (404, "not_found")


def test_the_last_admin_stays(account: Account, ada: User):
    own = f"{members_of(account)}{ada.memberships.get().pk}/"

    demoted = browser(ada).patch(own, {"role": "viewer"})
    removed = browser(ada).delete(own)

    assert codes(demoted) == codes(removed) == (409, "last_admin")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"role": "viewer"}, "required", "user"),
        ({"user": "nobody", "role": "viewer"}, "does_not_exist", "user"),
        ({"user": "gone", "role": "viewer"}, "does_not_exist", "user"),
        ({"user": "stan"}, "required", "role"),
        ({"user": "stan", "role": "owner"}, "invalid_choice", "role"),
        ({"user": "stan", "role": "admin", "account": 5}, "read_only", "account"),
        ({"user": "vic", "role": "admin"}, "duplicate", "user"),
        ({"user": ["stan"], "role": "admin"}, "does_not_exist", "user"),
    ],
)
def test_bad_input_for_a_member(
    body: dict[str, Any], code: str, field: str, account: Account, ada: User, vic: User
):
    make_user("stan")
    make_user("gone", is_active=False)

    answer = browser(ada).post(members_of(account), body)

    assert refusal(answer) == (400, code, field)
    assert Membership.objects.filter(account=account).count() == 2


def test_a_change_of_nothing_changes_nothing(account: Account, ada: User, vic: User):
    path = f"{members_of(account)}{vic.memberships.get().pk}/"

    answer = browser(ada).patch(path, {})

    assert (answer.status_code, answer.json()["role"]) == (200, "viewer")


def test_a_membership_never_becomes_another_persons(
    account: Account, ada: User, vic: User
):
    path = f"{members_of(account)}{vic.memberships.get().pk}/"
    make_user("stan")

    answer = browser(ada).patch(path, {"user": "stan", "role": "admin"})

    assert refusal(answer) == (400, "read_only", "user")


def test_who_may_not_add_members_learns_no_names(account: Account, vic: User):
    answer = browser(vic).post(members_of(account), {"user": "nobody", "role": "x"})

    assert codes(answer) == (403, "forbidden")


# --- Instances ---------------------------------------------------------------------


def test_instances_are_those_of_ones_accounts(instance: Instance, vic: User, bob: User):
    make_instance(make_account())

    assert names(vic, "instances/") == [instance.pk]
    assert names(bob, "instances/") == []


def test_an_instance_without_account_is_seen_by_staff_alone(
    instance: Instance, vic: User
):
    stray = make_instance(None, instance_id="amcstray")
    staff = make_user("staff", is_staff=True)

    (seen,) = browser(staff).get(f"{API}instances/").json()["results"]

    assert (seen["id"], seen["account"], seen["account_name"]) == (stray.pk, None, "")
    assert stray.pk not in names(vic, "instances/")
    answer = browser(staff).patch(f"{API}instances/{stray.pk}/", {"timezone": "UTC"})
    assert codes(answer) == (403, "forbidden")


def test_an_editor_sets_the_zone_and_our_caps(instance: Instance, alice: User):
    wish = {"timezone": "Asia/Tokyo", "max_running": 5, "max_backfills": 0}

    answer = browser(alice).patch(f"{API}instances/{instance.pk}/", wish)

    assert answer.json() | wish == answer.json()
    cleared = browser(alice).patch(f"{API}instances/{instance.pk}/", {"timezone": ""})
    assert cleared.json()["timezone"] == ""


def test_an_edit_leaves_what_amazon_said_meanwhile(
    instance: Instance, alice: User, django_assert_num_queries: Any
):
    """Only the named column is written, whatever was read before."""
    Instance.objects.filter(pk=instance.pk).update(throttled_until=NOON)

    browser(alice).patch(f"{API}instances/{instance.pk}/", {"max_running": 3})

    instance.refresh_from_db()
    assert (instance.max_running, instance.throttled_until) == (3, NOON)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"timezone": "Mars/Phobos"}, "unknown_timezone", "timezone"),
        ({"timezone": None}, "type", "timezone"),
        ({"max_running": 0}, "range", "max_running"),
        ({"max_running": "5"}, "type", "max_running"),
        ({"max_running": True}, "type", "max_running"),
        ({"max_running": 2**63}, "range", "max_running"),
        ({"max_running": None}, "null", "max_running"),
        ({"max_backfills": -1}, "range", "max_backfills"),
        ({"account": 5}, "read_only", "account"),
        ({"instance_id": "x"}, "read_only", "instance_id"),
        ({"throttled_until": None}, "read_only", "throttled_until"),
        ({"tenant": 5}, "unknown_field", "tenant"),
    ],
)
def test_bad_input_for_an_instance(
    body: dict[str, Any], code: str, field: str, instance: Instance, alice: User
):
    answer = browser(alice).patch(f"{API}instances/{instance.pk}/", body)

    assert refusal(answer) == (400, code, field)
    assert Instance.objects.get(pk=instance.pk).max_running == 10


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("account=abc", "type", "account"),
        ("account=-1", "type", "account"),
        ("account=1.5", "type", "account"),
        ("account=1&account=2", "repeated_parameter", "account"),
        ("q=%00", "control", "q"),
        ("q=a%0Ab", "control", "q"),
        ("q=" + "x" * 256, "max_length", "q"),
        ("name=x", "unknown_parameter", "name"),
        ("account=", "empty_parameter", "account"),
        ("q=", "empty_parameter", "q"),
        ("account__name=x", "unknown_parameter", "account__name"),
    ],
)
def test_bad_filters_are_refused(
    query: str, code: str, field: str, instance: Instance, alice: User
):
    answer = browser(alice).get(f"{API}instances/?{query}")

    assert refusal(answer) == (400, code, field)


def test_a_filter_by_what_does_not_exist_finds_nothing(instance: Instance, alice: User):
    assert names(alice, "instances/?account=999999999999") == []
    assert names(alice, f"instances/?account={instance.account_id}") == [instance.pk]
    assert names(alice, f"instances/?instance_id={instance.instance_id}&q=ACME") == [
        instance.pk
    ]


@pytest.mark.parametrize("hostile", ["%", "_", "' OR 1=1 --", "\\", "%' OR '1'='1"])
def test_a_search_is_for_the_text_as_it_stands(
    hostile: str, instance: Instance, alice: User
):
    answer = browser(alice).get(f"{API}instances/", {"q": hostile})

    assert answer.json()["results"] == []


def test_one_object_takes_no_parameters(instance: Instance, alice: User):
    answer = browser(alice).get(f"{API}instances/{instance.pk}/?fields=id")

    assert refusal(answer) == (400, "unknown_parameter", "fields")
