"""A read-only token reads only."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from instances.models import ApiToken


class TokenScope(BasePermission):
    """Refuses changes asked for with a token of scope `read`."""

    message = "This token may only read."
    code = "token_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        may_write = not isinstance(token, ApiToken) or token.scope == token.Scope.WRITE
        return may_write or request.method in SAFE_METHODS
