"""Workflows and their immutable versions."""

from __future__ import annotations

from typing import Self

from django.db import models
from simple_history.models import HistoricalRecords

from instances.models import Account, Change, Instance, User


class WorkflowQuerySet(models.QuerySet["Workflow"]):
    def visible_to(self, user: User) -> Self:
        """Workflows of accounts that `user` is a member of, without deleted ones."""
        kept = self.filter(deleted_at=None)
        if user.is_superuser:
            return kept
        return kept.filter(account__memberships__user=user)


class Workflow(models.Model):
    """SQL with declared parameters, belonging to an instance."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True)
    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="workflows"
    )
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="workflows")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    # The newest version; NULL only while the first one is being written.
    version = models.ForeignKey(
        "WorkflowVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Values below those of schedule, target and run.
    parameter_values = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = WorkflowQuerySet.as_manager()
    # Without `instance`, which never changes and is a word of the library's own.
    history = HistoricalRecords(
        bases=[Change], table_name="workflow_changes", excluded_fields=["instance"]
    )

    class Meta:
        db_table = "workflows"

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """One saved state of a workflow's SQL and declarations. Never changed (trigger)."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    sql = models.TextField()
    # AMC's `inputParameters`: [{"name", "dataType", "defaultValue", …}].
    parameters = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)

    class Meta:
        db_table = "workflow_versions"
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "number"], name="one_version_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow} v{self.number}"
