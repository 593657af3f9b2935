"""Schedules: a workflow, a rule, a zone, and what to do when it is due."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from instances.models import Account, Change, Connection, User
from schedules.states import MissedPolicy, OverlapPolicy
from workflows.models import Workflow


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User) -> Self:
        """Schedules of accounts that `user` is a member of, without deleted ones."""
        kept = self.filter(deleted_at=None)
        if user.is_superuser:
            return kept
        return kept.filter(account__memberships__user=user)

    def due(self, *, now: datetime) -> Self:
        """Active schedules whose next slot has come, the longest overdue first."""
        due = self.filter(is_active=True, next_run_at__lte=now)
        return due.order_by("next_run_at", "pk")


class Schedule(models.Model):
    """A workflow, a cron expression in a time zone, and what to do when it is due."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="schedules"
    )
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="schedules")
    # NULL: its owner's connection.
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=255)
    cron_expression = models.CharField(max_length=255)
    timezone = models.CharField(max_length=64, default="UTC")
    parameter_values = models.JSONField(default=dict, blank=True)
    # {"kind": "last_days", "days": 7, "lag_days": 2}, see workflows.windows.
    window_rule = models.JSONField()

    missed_policy = models.CharField(
        max_length=10, choices=MissedPolicy, default=MissedPolicy.LATEST
    )
    catch_up_limit = models.PositiveIntegerField(default=10)
    overlap_policy = models.CharField(
        max_length=10, choices=OverlapPolicy, default=OverlapPolicy.SKIP
    )
    dedup_window_minutes = models.PositiveIntegerField(default=5)
    max_failures = models.PositiveIntegerField(default=5)
    max_attempts = models.PositiveIntegerField(default=3)
    # AMC's own limit for one execution: 900 to 86400.
    time_limit_seconds = models.PositiveIntegerField(default=21_600)

    is_active = models.BooleanField(default=True)
    next_run_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # What paused it: `person`, `no_active_target`, `invalid`; and its own words.
    pause_cause = models.CharField(max_length=20, blank=True, default="")
    pause_reason = models.CharField(max_length=1000, blank=True, default="")

    # Only people's edits raise it.
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ScheduleQuerySet.as_manager()
    history = HistoricalRecords(
        bases=[Change], table_name="schedule_changes", excluded_fields=["next_run_at"]
    )

    class Meta:
        db_table = "workflow_schedules"
        constraints = [
            models.CheckConstraint(
                name="active_schedule_has_next_run",
                condition=Q(is_active=False)
                | Q(next_run_at__isnull=False, deleted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="paused_schedule_says_since_when",
                condition=Q(is_active=True, paused_at__isnull=True)
                | Q(is_active=False, paused_at__isnull=False)
                | Q(deleted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="schedule_policies_are_known",
                condition=Q(missed_policy__in=MissedPolicy.values)
                & Q(overlap_policy__in=OverlapPolicy.values),
            ),
            models.CheckConstraint(
                name="schedule_limits_are_sane",
                condition=Q(max_attempts__gte=1, max_failures__gte=1)
                & Q(time_limit_seconds__gte=900, time_limit_seconds__lte=86_400),
            ),
        ]
        indexes = [
            # Read by schedules.dispatch: what is due.
            models.Index(
                fields=["is_active", "next_run_at"],
                condition=Q(is_active=True),
                name="idx_schedules_due",
            )
        ]

    def __str__(self) -> str:
        return self.name
