"""Targets: to look at, to pause and to resume."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from instances.admin.confirming import confirm
from instances.admin.manners import History
from instances.admin.moments import moment
from schedules.admin.deeds import PAUSE_TARGETS, RESUME_TARGETS
from schedules.models import Target


@admin.register(Target)
class TargetAdmin(History):
    list_display = (
        "schedule",
        "instance",
        "failures",
        "pause_reason",
        moment("paused_at"),
        moment("created_at"),
    )
    list_filter = (
        "pause_reason",
        ("paused_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("schedule", "instance")
    search_fields = ("schedule__name", "instance__name", "instance__instance_id")
    actions = ("pause", "resume")

    @admin.display(description="failures in a row", ordering="consecutive_failures")
    def failures(self, row: Any) -> str:
        return f"{row.consecutive_failures}/{row.schedule.max_failures}"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("schedules.change_target")

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return confirm(self, request, queryset, PAUSE_TARGETS)

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return confirm(self, request, queryset, RESUME_TARGETS)
