"""Who asks: the signed-in user of a request, as our own type."""

from __future__ import annotations

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from instances.models import User


def requester(request: Request) -> User:
    """The user of an authenticated request. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
