"""Sessions of browsers, and API tokens with a note of when each was last used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from instances.clock import database_now
from instances.models import ApiToken, User

NOTED_EVERY = timedelta(minutes=1)


class BrowserSession(SessionAuthentication):
    """A session cookie; all but reading needs the CSRF token too. Code: csrf."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(str(error.detail), code="csrf") from error


class ApiTokenAuthentication(TokenAuthentication):
    """`Authorization: Token …`; the stored token is a hash."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Without asking the database for what it cannot even compare."""
        if not token.isalnum():
            raise AuthenticationFailed("Invalid token.")
        answer: Any = super().authenticate_credentials(token)  # type: ignore[no-untyped-call]  # knox has no types
        user, row = answer
        return user, row

    def validate_user(self, auth_token: ApiToken) -> tuple[User, ApiToken]:
        answer: Any = super().validate_user(auth_token)  # type: ignore[no-untyped-call]  # knox has no types
        _note_use(auth_token)
        user, token = answer
        return user, token


def _note_use(token: ApiToken) -> None:
    """Write the time of use, at most once a minute."""
    now = database_now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
