"""Executions, their results, and what runs at Amazon beside them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from instances.models import Account, Connection, Instance, User
from workflows.models.workflows import WorkflowVersion
from workflows.states import OPEN_STATES, PLACE_STATES, ExecutionState


class ExecutionQuerySet(models.QuerySet["WorkflowExecution"]):
    def visible_to(self, user: User) -> Self:
        """Executions in accounts that `user` is a member of."""
        if user.is_superuser:
            return self
        return self.filter(account__memberships__user=user)


class WorkflowExecution(models.Model):
    """One attempt at Amazon. It moves only through `workflows.executions.moves`."""

    mark = models.CharField(max_length=100, unique=True)
    # The attempt before; without database constraint: history may be pruned.
    retry_of = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="retries",
        db_constraint=False,
        db_index=False,
    )
    attempt = models.PositiveIntegerField()
    attempts_used = models.PositiveIntegerField()
    # Set when it ends: Amazon was really asked, and did not refuse for throttling
    # or credentials.
    uses_attempt = models.BooleanField(null=True)

    workflow_version = models.ForeignKey(
        WorkflowVersion, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, db_index=False, related_name="executions"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_index=False, related_name="executions"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)

    # What to ask for, copied from the run when the execution is opened.
    window_start = models.DateField(null=True)
    window_end = models.DateField(null=True)
    window_timezone = models.CharField(max_length=64, default="", db_default="")
    parameter_values = models.JSONField(default=dict, db_default={})
    time_limit_seconds = models.PositiveIntegerField(default=21_600, db_default=21_600)

    # What was sent, without secrets.
    request = models.JSONField(null=True)
    request_sha256 = models.CharField(max_length=64, default="", db_default="")

    state = models.CharField(max_length=20, choices=ExecutionState)
    reason = models.CharField(max_length=50, default="", db_default="")
    error_class = models.CharField(max_length=20, default="", db_default="")
    message = models.TextField(default="", db_default="")

    # The next look of submitter, poller or collector, and the lease of who looks.
    next_poll_at = models.DateTimeField(null=True)
    # By when this state must be left.
    deadline_at = models.DateTimeField(null=True)
    lease_token = models.PositiveIntegerField(default=0, db_default=0)
    claims = models.PositiveIntegerField(default=0, db_default=0)
    # The point of no return: set once, by the one process that may POST.
    sending_at = models.DateTimeField(null=True)
    empty_list_at = models.DateTimeField(null=True)
    watch_until = models.DateTimeField(null=True)

    amc_execution_id = models.CharField(max_length=100, null=True)  # noqa: DJ001 - NULL: Amazon has named none
    amc_status = models.CharField(max_length=50, default="", db_default="")
    amc_request_id = models.CharField(max_length=100, default="", db_default="")
    missing_since = models.DateTimeField(null=True)
    missing_count = models.PositiveSmallIntegerField(default=0, db_default=0)

    cancel_requested_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=255, default="", db_default="")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    amc_ended_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        db_table = "workflow_executions"
        constraints = [
            models.CheckConstraint(
                name="execution_open_is_looked_at",
                condition=Q(ended_at__isnull=False)
                | Q(next_poll_at__isnull=False, deadline_at__isnull=False),
            ),
            models.CheckConstraint(
                name="execution_open_or_ended",
                condition=Q(
                    state__in=OPEN_STATES,
                    ended_at__isnull=True,
                    uses_attempt__isnull=True,
                )
                | ~Q(state__in=OPEN_STATES)
                & Q(ended_at__isnull=False, uses_attempt__isnull=False),
            ),
            models.CheckConstraint(
                name="execution_ended_is_left_alone",
                condition=Q(ended_at__isnull=True)
                | Q(next_poll_at__isnull=True)
                | Q(watch_until__isnull=False),
            ),
            models.CheckConstraint(
                name="execution_at_amc_has_id",
                condition=~Q(
                    state__in=["PENDING", "RUNNING", "COLLECTING", "SUCCEEDED"]
                )
                | Q(amc_execution_id__isnull=False),
            ),
            models.CheckConstraint(
                name="execution_with_id_was_sent",
                condition=Q(amc_execution_id__isnull=True)
                | Q(sending_at__isnull=False),
            ),
            # Attempts are a chain.
            models.UniqueConstraint(
                fields=["retry_of"], name="one_retry_per_execution"
            ),
            # Adoption.
            models.UniqueConstraint(
                fields=["instance", "amc_execution_id"],
                condition=Q(amc_execution_id__isnull=False),
                name="one_row_per_amc_execution",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "instance", "priority"],
                condition=Q(state__in=PLACE_STATES),
                name="executions_at_amc",
            ),
            models.Index(
                fields=["next_poll_at"],
                condition=Q(next_poll_at__isnull=False),
                name="executions_due",
            ),
            models.Index(F("account"), F("id").desc(), name="executions_recent"),
        ]

    def __str__(self) -> str:
        return self.mark


class ExecutionResult(models.Model):
    """The landed result of an execution: one CSV file, its header counted out."""

    execution = models.OneToOneField(
        WorkflowExecution, on_delete=models.PROTECT, related_name="result"
    )
    storage_key = models.CharField(max_length=255, unique=True)
    size_bytes = models.BigIntegerField()
    row_count = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField(default=list)
    # How many files Amazon had made of it.
    parts = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    # When the file was removed by retention; the row stays.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "execution_results"

    def __str__(self) -> str:
        return self.storage_key


class Stray(models.Model):
    """An execution at Amazon beside its run: found, cancelled, watched to its end."""

    class Why(models.TextChoices):
        LATE_REPLY = "late_reply", "its reply came after its row had moved on"
        DOUBLE = "double", "another execution carries the same mark"
        ENDED_ROW = "ended_row", "its row had ended without it"
        LOST = "lost", "Amazon said that it does not know it"
        NO_ROW = "no_row", "a mark of ours that no row points to"
        UNCONFIRMED_END = "unconfirmed_end", "a cancel that Amazon did not confirm"

    execution = models.ForeignKey(
        WorkflowExecution,
        on_delete=models.PROTECT,
        null=True,
        related_name="strays",
        db_constraint=False,
    )
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT)
    amc_execution_id = models.CharField(max_length=100)
    mark = models.CharField(max_length=100, default="")
    why = models.CharField(max_length=20, choices=Why)
    amc_status = models.CharField(max_length=50, default="")
    found_at = models.DateTimeField()
    next_poll_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "amc_strays"
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "amc_execution_id"], name="one_row_per_stray"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_poll_at"],
                condition=Q(next_poll_at__isnull=False),
                name="strays_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amc_execution_id} ({self.why})"
