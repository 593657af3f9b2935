"""Schedules: what staff may correct, and what they see of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from instances.admin.confirming import confirm
from instances.admin.moments import moment
from instances.admin.rehearsed_forms import RehearsedAdmin
from instances.admin.signing import person, signed
from instances.clock import database_now
from schedules import lifecycle
from schedules.admin import schedule_page
from schedules.admin.deeds import PAUSE_SCHEDULES, RESUME_SCHEDULES, RUN_SCHEDULES
from schedules.admin.schedule_form import ScheduleForm
from schedules.errors import InvalidRecurrence
from schedules.labels import status_label
from schedules.listing import health_of
from schedules.models import Schedule
from schedules.recurrence import describe

KEPT = Q(targets__deleted_at=None, targets__isnull=False)


class Schedules(ChangeList):
    """A page of schedules with their states, for which the time is asked once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = database_now()
        rows: list[Any] = list(self.result_list)
        for row in rows:
            row.status = status_label(
                is_active=row.is_active, next_run_at=row.next_run_at, now=now
            )
        self.result_list = rows


class PauseCause(admin.SimpleListFilter):
    """What paused it, without reading the whole table for the words."""

    title = "what paused it"
    parameter_name = "pause_cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(cause, cause) for cause in ("person", "no_active_target", "invalid")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return queryset.filter(pause_cause=self.value()) if self.value() else queryset


@admin.register(Schedule)
class ScheduleAdmin(RehearsedAdmin):
    """Made and edited as in the app; paused, resumed and run by actions."""

    form = ScheduleForm
    may_add = True
    list_display = (
        "name",
        "status",
        "workflow",
        "target_counts",
        "rule",
        "timezone",
        moment("next_run_at", "next run"),
        "owner",
    )
    list_filter = (
        "is_active",
        PauseCause,
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("workflow", "owner")
    search_fields = (
        "name",
        "cron_expression",
        "account__account_id",
        "targets__instance__instance_id",
    )
    autocomplete_fields = ("workflow", "connection")
    ordering = ("name", "pk")
    actions = ("pause", "resume", "run_now")
    editable = (*lifecycle.WRITTEN, "revision")
    shown = (
        *editable,
        "workflow",
        "owner",
        "account",
        "is_active",
        "health",
        "next_run_at",
        "coming",
        "paused_at",
        "pause_cause",
        "pause_reason",
        "targets_of_it",
        "newest_runs",
        "changes",
        "created_at",
        "updated_at",
        "deleted_at",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Schedules

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.annotate(
            target_count=Count("targets", filter=KEPT, distinct=True),
            active_count=Count(
                "targets", filter=KEPT & Q(targets__paused_at=None), distinct=True
            ),
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["workflow", "instances", *lifecycle.WRITTEN]
        return super().get_fields(request, obj)

    def writable(self, row: Any) -> Sequence[str]:
        if row is None:
            return ("workflow", "instances", *lifecycle.WRITTEN)
        return () if row.deleted_at else self.editable

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_kept = obj is None or obj.deleted_at is None
        return is_kept and super().has_change_permission(request, obj)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in ("workflow", "connection"):
            kept = db_field.remote_field.model.objects.filter(deleted_at=None)
            kwargs["queryset"] = kept
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def store(
        self, request: HttpRequest, row: Any, form: forms.ModelForm[Any]
    ) -> Model:
        written: dict[str, Any] = form.written()  # type: ignore[attr-defined]  # a ScheduleForm
        user = person(request)
        with signed(request) as now:
            if row is not None:
                revision = form.cleaned_data["revision"]
                return lifecycle.edit_schedule(
                    row.pk, written, user=user, revision=revision, now=now
                )
            return lifecycle.create_schedule(
                lifecycle.ScheduleFields(**written),
                workflow=form.cleaned_data["workflow"],
                instances=form.cleaned_data["instances"],
                user=user,
                now=now,
            )

    # --- Columns ------------------------------------------------------------------

    @admin.display(description="state", ordering="next_run_at")
    def status(self, row: Any) -> str:
        return str(row.status)

    @admin.display(description="targets", ordering="target_count")
    def target_counts(self, row: Any) -> str:
        return f"{row.active_count}/{row.target_count}"

    @admin.display(description="rule", ordering="cron_expression")
    def rule(self, row: Any) -> str:
        """As it is written, and as a sentence where it can be read."""
        try:
            sentence = describe(row.cron_expression)
        except InvalidRecurrence:
            sentence = "cannot be read"
        return format_html("<code>{}</code> {}", row.cron_expression, sentence)

    # --- Beside the form ----------------------------------------------------------

    def health(self, row: Any) -> str:
        return health_of([row.pk], now=database_now())[row.pk]

    def coming(self, row: Any) -> str:
        return schedule_page.coming(row)

    @admin.display(description="targets")
    def targets_of_it(self, row: Any) -> str:
        return schedule_page.targets(row)

    def newest_runs(self, row: Any) -> str:
        return schedule_page.newest_runs(row)

    def changes(self, row: Any) -> str:
        return schedule_page.changes(row)

    # --- Actions ------------------------------------------------------------------

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("schedules.change_schedule")

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return confirm(self, request, queryset, PAUSE_SCHEDULES)

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return confirm(self, request, queryset, RESUME_SCHEDULES)

    @admin.action(description="Run now…", permissions=["operate"])
    def run_now(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return confirm(self, request, queryset, RUN_SCHEDULES)
