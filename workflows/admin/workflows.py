"""Workflows and their versions: names may be corrected, SQL is only shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from instances.admin.changes import register_changes
from instances.admin.manners import History
from instances.admin.moments import moment
from instances.admin.rehearsed_forms import RehearsedAdmin
from instances.admin.signing import person, signed
from workflows.lifecycle import edit_workflow
from workflows.models import Workflow, WorkflowVersion

register_changes(Workflow)
USED = Count("schedules", filter=Q(schedules__deleted_at=None))


def shown_sql(sql: str) -> str:
    """As it was written, in the type of code."""
    return format_html("<pre>{}</pre>", sql)


@admin.register(Workflow)
class WorkflowAdmin(RehearsedAdmin):
    list_display = (
        "name",
        "account",
        "owner",
        "version_number",
        "used_by",
        moment("updated_at"),
    )
    list_filter = (("deleted_at", admin.EmptyFieldListFilter), "account")
    list_select_related = ("account", "owner", "version", "instance")
    search_fields = ("name", "owner__username")
    ordering = ("name", "pk")
    shown = (
        "name",
        "description",
        "parameter_values",
        "account",
        "instance",
        "owner",
        "version",
        "sql",
        "revision",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    editable = ("name", "description", "parameter_values")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        rows: QuerySet[Workflow] = super().get_queryset(request)
        return rows.annotate(used_by=USED)

    @admin.display(description="version", ordering="version__number")
    def version_number(self, row: Any) -> str:
        return f"v{row.version.number}" if row.version else "–"

    @admin.display(description="schedules", ordering="used_by")
    def used_by(self, row: Any) -> int:
        return int(row.used_by)

    @admin.display(description="SQL")
    def sql(self, row: Any) -> str:
        return shown_sql(row.version.sql) if row.version else "–"

    def store(
        self, request: HttpRequest, row: Any, form: forms.ModelForm[Any]
    ) -> Model:
        """Whatever of the workflow the form does not have stays."""
        said = {name: form.cleaned_data[name] for name in self.editable}
        said["parameter_values"] = said["parameter_values"] or {}
        stored = Workflow.objects.select_related("version").get(pk=row.pk)
        with signed(request) as now:
            return edit_workflow(
                stored.pk,
                said,
                user=person(request),
                revision=stored.revision,
                now=now,
            )


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(History):
    list_display = ("workflow", "number", "created_by", moment("created_at"))
    list_select_related = ("workflow", "created_by")
    search_fields = ("workflow__name",)
    shown = (
        "workflow",
        "number",
        "shown_sql",
        "parameters",
        "created_at",
        "created_by",
    )

    @admin.display(description="SQL")
    def shown_sql(self, row: Any) -> str:
        return shown_sql(row.sql)
