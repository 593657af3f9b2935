"""Executions, their results, and what was found at Amazon beside them: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from instances.admin.manners import History
from instances.admin.moments import moment
from workflows.models import ExecutionResult, Stray, WorkflowExecution


@admin.register(WorkflowExecution)
class ExecutionAdmin(History):
    list_display = (
        "id",
        "mark",
        "state",
        "reason",
        "instance",
        "attempt",
        "amc_execution_id",
        moment("created_at"),
        moment("ended_at"),
    )
    list_filter = ("state",)
    list_select_related = ("instance",)
    search_fields = ("mark",)
    search_help_text = "Id, mark, or the id of the execution or request at Amazon"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what names one execution, not by parts of it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = Q(mark=term) | Q(amc_execution_id=term) | Q(amc_request_id=term)
        if term.isascii() and term.isdigit() and len(term) < 19:
            named |= Q(pk=int(term))
        return queryset.filter(named), False


@admin.register(ExecutionResult)
class ExecutionResultAdmin(History):
    list_display = (
        "id",
        "execution_id",
        "row_count",
        "size_bytes",
        moment("created_at"),
        moment("removed_at"),
    )
    list_filter = (("removed_at", admin.EmptyFieldListFilter),)


@admin.register(Stray)
class StrayAdmin(History):
    list_display = (
        "amc_execution_id",
        "instance",
        "why",
        "amc_status",
        moment("found_at"),
        moment("ended_at"),
    )
    list_filter = ("why", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("instance",)
