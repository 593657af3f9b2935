"""Login-with-Amazon authorisations: tokens encrypted, holds visible."""

from __future__ import annotations

from typing import Self

from django.db import models
from simple_history.models import HistoricalRecords

from instances.models.accounts import Account
from instances.models.changes import Change
from instances.models.users import User


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: User) -> Self:
        """A user's own connections; all for a superuser."""
        return self if user.is_superuser else self.filter(owner=user)

    def usable(self) -> Self:
        """Neither deleted nor held."""
        return self.filter(deleted_at=None, held_at=None)


class Connection(models.Model):
    """A user's stored authorisation at Amazon. Token columns hold ciphertext only."""

    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="connections"
    )
    name = models.CharField(max_length=100, default="Amazon")
    accounts = models.ManyToManyField(
        Account, related_name="connections", db_table="amc_connection_accounts"
    )
    refresh_token = models.TextField(blank=True, default="", editable=False)
    access_token = models.TextField(blank=True, default="", editable=False)
    access_token_expires_at = models.DateTimeField(null=True, blank=True)
    # Raised by each stored token; a refresh claims the row it read.
    token_version = models.PositiveIntegerField(default=0)
    refreshing_until = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    hold_reason = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()
    history = HistoricalRecords(
        bases=[Change],
        table_name="connection_changes",
        excluded_fields=[
            "refresh_token",
            "access_token",
            "access_token_expires_at",
            "token_version",
            "refreshing_until",
            "refreshed_at",
        ],
    )

    class Meta:
        db_table = "amc_connections"

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


class LwaApplication(models.Model):
    """Our own application at Amazon, one row: held while Amazon refuses its secret."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    held_at = models.DateTimeField(null=True, blank=True)
    hold_reason = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        db_table = "lwa_application"
        constraints = [
            models.CheckConstraint(
                name="there_is_one_application", condition=models.Q(id=1)
            )
        ]


class ConsentRequest(models.Model):
    """A consent page that a user was sent to; its `state` works once."""

    state_sha256 = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    session_key_sha256 = models.CharField(max_length=64)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True)
    return_path = models.CharField(max_length=255, default="/connections")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "lwa_consent_requests"
