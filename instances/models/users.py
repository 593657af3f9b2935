"""People and the tokens of their scripts."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from knox.models import AbstractAuthToken


class User(AbstractUser):
    """A person who signs in. `timezone` is where their dates are shown."""

    timezone = models.CharField(max_length=64, default="UTC", db_default="UTC")


class ApiToken(AbstractAuthToken):
    """A hashed token for scripts: what it may do and when it was last used."""

    class Scope(models.TextChoices):
        READ = "read", "read only"
        WRITE = "write", "everything its user may"

    name = models.CharField(max_length=100, blank=True, default="")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.WRITE)
    last_used_at = models.DateTimeField(null=True, blank=True)

    @classmethod
    def issue(cls, user: User, **fields: Any) -> tuple[Self, str]:
        """A new token and its secret, which is stored as a hash only."""
        row, secret = cls.objects.create(user, **fields)  # type: ignore[no-untyped-call]  # knox has no types
        return row, str(secret)
