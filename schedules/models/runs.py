"""Runs: what happened to each slot and each request, and the moves they made."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from instances.models import Account, Connection, Instance, Membership, User
from schedules.models.schedules import Schedule
from schedules.models.targets import Target
from schedules.states import (
    FINAL_STATES,
    OPEN_STATES,
    QUEUE_REASONS,
    WAIT_REASONS,
    RunState,
    Trigger,
)
from workflows.models import WorkflowExecution, WorkflowVersion

IN_QUEUE = Q(state=RunState.WAITING, reason__in=QUEUE_REASONS)
ACTIVE = Q(state=RunState.RUNNING) | IN_QUEUE


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> Self:
        """Runs in the user's accounts; without account, those of their schedules.

        Asks the database at once for both: with literal accounts, and without the
        second half where there is none, an index serves the newest runs in order.
        """
        if user.is_superuser:
            return self
        memberships = Membership.objects.filter(user=user)
        mine = list(memberships.values_list("account_id", flat=True))
        homeless = Q(account=None, schedule__account__in=mine)
        if Run.objects.filter(homeless).exists():
            return self.filter(Q(account__in=mine) | homeless)
        return self.filter(account__in=mine)

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
