"""Who may do what in an account: members are added, changed and removed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from instances.access import require
from instances.errors import InvalidField, LastAdmin
from instances.models import Account, Membership, Role, User


@transaction.atomic
def add_member(
    account_id: int, *, member: User, role: Role, user: User, now: datetime
) -> Membership:
    """Let somebody in. Raises NotPermitted, and InvalidField for a member."""
    account = _locked(account_id)
    require(user, account.pk, Role.ADMIN)
    if account.memberships.filter(user=member).exists():
        text = f"{member.username} is a member already; change the role instead."
        raise InvalidField(text, code="duplicate", field="user")
    return account.memberships.create(user=member, role=role, created_at=now)


@transaction.atomic
def change_role(membership_id: int, *, role: Role, user: User) -> Membership:
    """Raises NotPermitted and LastAdmin."""
    membership = _locked_membership(membership_id)
    require(user, membership.account_id, Role.ADMIN)
    if role != Role.ADMIN:
        _refuse_last_admin(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove_member(membership_id: int, *, user: User) -> None:
    """Runs of theirs that wait are not submitted. Raises NotPermitted, LastAdmin."""
    membership = _locked_membership(membership_id)
    require(user, membership.account_id, Role.ADMIN)
    _refuse_last_admin(membership)
    membership.delete()


def _locked(account_id: int) -> Account:
    return Account.objects.select_for_update(no_key=True).get(pk=account_id)


def _locked_membership(membership_id: int) -> Membership:
    """Of two admins who remove each other, one comes first: the account is locked."""
    found = Membership.objects.get(pk=membership_id)
    _locked(found.account_id)
    return Membership.objects.select_related("user").get(pk=membership_id)


def _refuse_last_admin(membership: Membership) -> None:
    others = Membership.objects.filter(account=membership.account_id, role=Role.ADMIN)
    if membership.role == Role.ADMIN and not others.exclude(pk=membership.pk).exists():
        raise LastAdmin
