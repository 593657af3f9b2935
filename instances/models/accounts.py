"""AMC accounts (the tenants), who may use them, and their instances."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from instances.models.changes import Change
from instances.models.users import User


class Region(models.TextChoices):
    NA = "NA", "North America"
    EU = "EU", "Europe"
    FE = "FE", "Far East"


class Role(models.TextChoices):
    VIEWER = "viewer", "may read"
    EDITOR = "editor", "may create, edit, run and pause"
    ADMIN = "admin", "may manage members and connections, and delete"


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User) -> Self:
        """The accounts that `user` is a member of; all for a superuser."""
        if user.is_superuser:
            return self
        return self.filter(memberships__user=user)


class Account(models.Model):
    """An AMC account: an entity id in a marketplace. Access is granted per account."""

    account_id = models.CharField("entity id", max_length=64)
    marketplace_id = models.CharField(max_length=32)
    name = models.CharField(max_length=255, blank=True, default="")
    region = models.CharField(max_length=2, choices=Region, default=Region.NA)
    max_running = models.PositiveIntegerField(default=200, db_default=200)
    served_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        db_table = "amc_accounts"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "marketplace_id"], name="one_row_per_amc_account"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.account_id


class Membership(models.Model):
    """What a person may do in an account."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField()

    history = HistoricalRecords(bases=[Change], table_name="membership_changes")

    class Meta:
        db_table = "amc_memberships"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user"], name="one_membership_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.account}"


class InstanceQuerySet(models.QuerySet["Instance"]):
    def visible_to(self, user: User) -> Self:
        """Instances of accounts that `user` is in; one without account: staff only."""
        if user.is_superuser:
            return self
        seen = Q(account__memberships__user=user)
        if user.is_staff:
            seen |= Q(account=None)
        return self.filter(seen).distinct() if user.is_staff else self.filter(seen)


class Instance(models.Model):
    """An AMC instance. `instance_id` is Amazon's string and never our key."""

    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="instances",
    )
    instance_id = models.CharField("AMC instance id", max_length=64, unique=True)
    name = models.CharField(max_length=255, blank=True, default="")
    timezone = models.CharField(
        "advertiser's zone", max_length=64, blank=True, default=""
    )
    requires_synthetic_data = models.BooleanField(default=False)
    max_running = models.PositiveIntegerField(default=10, db_default=10)
    max_backfills = models.PositiveIntegerField(default=2, db_default=2)
    throttled_until = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = InstanceQuerySet.as_manager()

    class Meta:
        db_table = "amc_instances"
        indexes = [
            models.Index(
                F("throttled_until"),
                name="instances_throttled",
                condition=Q(throttled_until__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.instance_id
