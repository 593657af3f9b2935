"""When we run it: schedules, their targets, and every run there ever was."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from instances.models import Account, Change, Connection, Instance, Membership, User
from schedules.states import (
    FINAL_STATES,
    OPEN_STATES,
    QUEUE_REASONS,
    WAIT_REASONS,
    MissedPolicy,
    OverlapPolicy,
    RunState,
    Trigger,
)
from workflows.models import Workflow, WorkflowExecution, WorkflowVersion


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


IN_QUEUE = Q(state=RunState.WAITING, reason__in=QUEUE_REASONS)
ACTIVE = Q(state=RunState.RUNNING) | IN_QUEUE


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> Self:
        """Runs in the user's accounts; without account, those of their schedules."""
        if user.is_superuser:
            return self
        mine = Membership.objects.filter(user=user).values("account_id")
        return self.filter(
            Q(account__in=mine) | Q(account=None, schedule__account__in=mine)
        )

    def open(self) -> Self:
        """Runs that have not reached a final state."""
        return self.filter(state__in=OPEN_STATES)


class Run(models.Model):
    """What happened to a slot, or to a request by hand. Moved by `schedules` alone.

    Columns from `schedule_revision` to `owner` are copied at birth, so that queue,
    caps and rights need no join.
    """

    schedule = models.ForeignKey(
        Schedule,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="runs",
    )
    target = models.ForeignKey(
        Target, on_delete=models.PROTECT, null=True, db_index=False, related_name="runs"
    )
    schedule_revision = models.PositiveIntegerField(null=True)
    workflow_version = models.ForeignKey(
        WorkflowVersion, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, db_index=False, related_name="runs"
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="runs",
    )
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, db_index=False, related_name="+"
    )

    trigger = models.CharField(max_length=10, choices=Trigger)
    scheduled_for = models.DateTimeField()
    # On the one row that stands for a long outage: its first slot.
    covers_from = models.DateTimeField(null=True)
    backfill_id = models.BigIntegerField(null=True)
    # Without database constraint: history may be pruned.
    retry_of = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="retries",
    )
    window_start = models.DateField(null=True)
    window_end = models.DateField(null=True)
    window_timezone = models.CharField(max_length=64, default="", db_default="")
    parameter_values = models.JSONField(default=dict)
    time_limit_seconds = models.PositiveIntegerField(default=21_600, db_default=21_600)

    exclusive = models.BooleanField()
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    max_attempts = models.PositiveIntegerField(default=3, db_default=3)
    state = models.CharField(max_length=10, choices=RunState)
    reason = models.CharField(max_length=50, default="", db_default="")
    message = models.TextField(default="", db_default="")
    blocked_by = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="blocks",
    )
    # The newest attempt.
    execution = models.ForeignKey(
        WorkflowExecution,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="runs",
    )
    # While PENDING: when the hint is sent again. In the queue: the place in it.
    next_action_at = models.DateTimeField(null=True)
    # When waiting ends; NULL: never.
    give_up_at = models.DateTimeField(null=True)

    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    cancel_reason = models.CharField(max_length=255, default="", db_default="")
    counts_failure = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        db_table = "schedule_runs"
        constraints = [
            models.CheckConstraint(
                name="run_waits_for_something",
                condition=Q(
                    state__in=["PENDING", "WAITING"], next_action_at__isnull=False
                )
                | ~Q(state__in=["PENDING", "WAITING"]) & Q(next_action_at__isnull=True),
            ),
            models.CheckConstraint(
                name="run_says_what_it_waits_for",
                condition=~Q(state="WAITING") | Q(reason__in=WAIT_REASONS),
            ),
            models.CheckConstraint(
                name="run_says_why_it_ended",
                condition=~Q(state__in=["SKIPPED", "FAILED", "CANCELLED"])
                | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="run_final_is_finished",
                condition=Q(state__in=FINAL_STATES, finished_at__isnull=False)
                | ~Q(state__in=FINAL_STATES) & Q(finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="run_running_has_execution",
                condition=~Q(state__in=["RUNNING", "SUCCEEDED"])
                | Q(execution__isnull=False),
            ),
            models.CheckConstraint(
                name="run_skipped_asked_nobody",
                condition=~Q(state="SKIPPED") | Q(execution__isnull=True),
            ),
            models.CheckConstraint(
                name="run_cancelled_does_not_wait",
                condition=Q(cancel_requested_at__isnull=True)
                | ~Q(state__in=["PENDING", "WAITING"]),
            ),
            models.CheckConstraint(
                name="run_without_account_stays_out",
                condition=Q(account__isnull=False)
                | Q(state__in=["PENDING", "FAILED", "SKIPPED", "CANCELLED"])
                | Q(state="WAITING", reason="overlap"),
            ),
            models.CheckConstraint(
                name="run_without_connection_stays_out",
                condition=Q(connection__isnull=False)
                | Q(state__in=["PENDING", "FAILED", "SKIPPED", "CANCELLED"])
                | Q(state="WAITING", reason__in=["overlap", "credential"]),
            ),
            models.UniqueConstraint(fields=["execution"], name="one_run_per_execution"),
            # Promise 1: one run per slot.
            models.UniqueConstraint(
                fields=["target", "scheduled_for"],
                condition=Q(trigger="schedule"),
                name="one_run_per_slot",
            ),
            models.UniqueConstraint(
                fields=["target", "scheduled_for"],
                condition=Q(trigger="backfill", state__in=OPEN_STATES),
                name="one_open_backfill_run_per_slot",
            ),
            # Overlap: a run enters here when it enters the queue.
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(exclusive=True) & ACTIVE,
                name="one_active_run_per_target",
            ),
        ]
        indexes = [
            models.Index(
                fields=["schedule", "created_at"], name="idx_schedule_runs_recent"
            ),
            # Admission, and the position in the queue.
            models.Index(
                fields=["account", "instance", "priority", "next_action_at", "id"],
                condition=IN_QUEUE,
                name="runs_queue",
            ),
            # Hints to send again.
            models.Index(
                fields=["next_action_at"],
                condition=Q(state="PENDING") | Q(state="WAITING", reason="overlap"),
                name="runs_due",
            ),
            # Holding and releasing for a credential.
            models.Index(
                fields=["connection"],
                condition=Q(state__in=["PENDING", "WAITING"]),
                name="runs_by_connection",
            ),
            # Ends of waiting.
            models.Index(
                fields=["give_up_at"],
                condition=Q(state__in=["PENDING", "WAITING"]),
                name="runs_give_up",
            ),
            # Blockers, pause, delete.
            models.Index(
                fields=["target"], condition=Q(state__in=OPEN_STATES), name="runs_open"
            ),
            # Settling.
            models.Index(
                fields=["execution"], condition=Q(state="RUNNING"), name="runs_running"
            ),
            # Lists, newest first, for the members of an account.
            models.Index(F("account"), F("id").desc(), name="runs_recent"),
            models.Index(
                fields=["retry_of"],
                condition=Q(retry_of__isnull=False),
                name="runs_retries",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class RunEvent(models.Model):
    """One move of a run, written by the database's trigger."""

    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="events", db_constraint=False
    )
    at = models.DateTimeField()
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=50)
    execution_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "run_events"

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
