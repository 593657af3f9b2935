"""Targets: a schedule on one instance."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from instances.models import Change, Instance, Membership, User
from schedules.models.schedules import Schedule


class TargetQuerySet(models.QuerySet["Target"]):
    def visible_to(self, user: User) -> Self:
        """Targets on instances of the user's accounts, or of their schedules."""
        kept = self.filter(deleted_at=None, schedule__deleted_at=None)
        if user.is_superuser:
            return kept
        mine = Membership.objects.filter(user=user).values("account_id")
        return kept.filter(
            Q(instance__account__in=mine)
            | Q(instance__account=None, schedule__account__in=mine)
        )


class Target(models.Model):
    """A schedule on one instance: pausable alone, with failures of its own."""

    schedule = models.ForeignKey(
        Schedule, on_delete=models.PROTECT, related_name="targets"
    )
    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="targets"
    )
    # Zone of the window's dates; empty: the instance's, else the schedule's.
    timezone = models.CharField(max_length=64, blank=True, default="")
    parameter_values = models.JSONField(default=dict, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0, db_default=0)
    # Runs born before this do not count: raised by a resume and by an edit.
    counting_from = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    # What paused it: `person`, `failures` or `access_denied`; and in which words.
    pause_reason = models.CharField(
        max_length=20, blank=True, default="", db_default=""
    )
    pause_message = models.CharField(
        max_length=1000, blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = TargetQuerySet.as_manager()
    history = HistoricalRecords(
        bases=[Change],
        table_name="target_changes",
        # `instance` never changes and is a word of the library's own.
        excluded_fields=["consecutive_failures", "instance"],
    )

    class Meta:
        db_table = "schedule_targets"
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "instance"],
                condition=Q(deleted_at=None),
                name="one_target_per_instance",
            ),
            models.CheckConstraint(
                name="paused_target_says_why",
                condition=Q(paused_at__isnull=True, pause_reason="")
                | Q(paused_at__isnull=False) & ~Q(pause_reason=""),
            ),
        ]
        indexes = [
            # Read by the sweep: schedules without an unpaused target.
            models.Index(
                fields=["schedule"],
                condition=Q(paused_at__isnull=False),
                name="targets_paused",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule} on {self.instance}"

    @property
    def dates_timezone(self) -> str:
        """The zone of the window's dates; the moment of firing is the schedule's."""
        return self.timezone or self.instance.timezone or self.schedule.timezone
