"""API tokens, with a note of when each was last used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from knox.auth import TokenAuthentication

from instances.clock import database_now
from instances.models import ApiToken, User

NOTED_EVERY = timedelta(minutes=1)


class ApiTokenAuthentication(TokenAuthentication):
    """`Authorization: Token …`; the stored token is a hash."""

    def validate_user(self, auth_token: ApiToken) -> tuple[User, ApiToken]:
        answer: Any = super().validate_user(auth_token)
        _note_use(auth_token)
        user, token = answer
        return user, token


def _note_use(token: ApiToken) -> None:
    """Write the time of use, at most once a minute."""
    now = database_now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
