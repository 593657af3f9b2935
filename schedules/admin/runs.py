"""Runs and their moves: history, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from instances.admin.manners import History
from instances.admin.moments import moment, on_the_wall
from schedules.models import Run, RunEvent


@admin.register(Run)
class RunAdmin(History):
    list_display = (
        "id",
        moment("scheduled_for"),
        "state",
        "reason",
        "schedule",
        "instance",
        "trigger",
        "window",
        moment("finished_at"),
    )
    list_filter = ("state", "trigger")
    list_select_related = ("schedule", "instance")
    search_fields = ("id",)
    search_help_text = "Id of the run, or the id of its execution at Amazon"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "moves"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what names one run, not by parts of it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = Q(execution__amc_execution_id=term)
        if term.isascii() and term.isdigit() and len(term) < 19:
            named |= Q(pk=int(term))
        return queryset.filter(named), False

    @admin.display(description="window")
    def window(self, row: Any) -> str:
        if row.window_start is None or row.window_end is None:
            return "–"
        return f"{row.window_start} to before {row.window_end} ({row.window_timezone})"

    @admin.display(description="moves")
    def moves(self, row: Any) -> str:
        """Each with the moment at which it happened."""
        told = (
            (on_the_wall(event.at), event.from_state, event.to_state, event.reason)
            for event in row.events.order_by("id")[:100]
        )
        return format_html_join("", "<div>{}: {} → {} {}</div>", told) or "–"


@admin.register(RunEvent)
class RunEventAdmin(History):
    list_display = ("id", moment("at"), "run_link", "from_state", "to_state", "reason")

    @admin.display(description="run", ordering="run_id")
    def run_link(self, row: Any) -> str:
        """Without reading the run."""
        address = reverse("admin:schedules_run_change", args=[row.run_id])
        return format_html('<a href="{}">run {}</a>', address, row.run_id)
