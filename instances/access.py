"""Who may do what in an account."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from instances.errors import NotPermitted
from instances.models import Membership, Role, User

FROM_LEAST_TO_MOST = (Role.VIEWER, Role.EDITOR, Role.ADMIN)


def role_of(user: User, account_id: int | None) -> Role | None:
    """The user's role in the account; None for strangers and the deactivated."""
    if not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    if account_id is None:
        return None
    membership = Membership.objects.filter(user=user, account_id=account_id).first()
    return Role(membership.role) if membership else None


def may(user: User, account_id: int | None, role: Role) -> bool:
    """Whether the user has at least `role` in the account."""
    return role_of(user, account_id) in _at_least(role)


def require(user: User, account_id: int | None, role: Role) -> None:
    """Raise NotPermitted unless the user has at least `role` in the account."""
    held = role_of(user, account_id)
    if held not in _at_least(role):
        yours = f"you are its {held.value}" if held else "you are not a member"
        raise NotPermitted(f"This needs the role {role.value} in the account; {yours}.")


def require_all(user: User, account_ids: Iterable[int | None], role: Role) -> None:
    """`require` for many accounts with one query: NotPermitted if one is missing."""
    wanted = set(account_ids)
    if wanted - accounts_with(user, wanted, role):
        text = f"This needs the role {role.value} in the account of each instance."
        raise NotPermitted(text)


def accounts_with(
    user: User, account_ids: Iterable[int | None], role: Role
) -> set[int | None]:
    """Those of the accounts in which the user has at least `role`; one query."""
    wanted = set(account_ids)
    if not user.is_active:
        return set()
    if user.is_superuser:
        return wanted
    mine = Membership.objects.filter(
        user=user, account__in=wanted - {None}, role__in=_at_least(role)
    )
    return set(mine.values_list("account_id", flat=True))


def may_run(user_id: int, account_id: int | None) -> bool:
    """Whether a run of this owner may be submitted for the account, as of now."""
    editing = Membership.objects.filter(
        user=OuterRef("pk"), account=account_id, role__in=_at_least(Role.EDITOR)
    )
    return User.objects.filter(
        Q(is_superuser=True) | Exists(editing), pk=user_id, is_active=True
    ).exists()


def _at_least(role: Role) -> tuple[Role, ...]:
    return FROM_LEAST_TO_MOST[FROM_LEAST_TO_MOST.index(role) :]
