"""Changes made in the admin, signed by whoever made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.http import HttpRequest

from instances.changelog import changing
from instances.clock import database_now
from instances.models import Change, User


@contextmanager
def signed(request: HttpRequest, reason: str = "") -> Iterator[datetime]:
    """What changes inside is signed by the person; gives the present moment."""
    now = database_now()
    with changing(person(request), Change.Origin.ADMIN, reason, now=now):
        yield now


def person(request: HttpRequest) -> User:
    """Who is signed in; the admin lets in nobody else."""
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user
