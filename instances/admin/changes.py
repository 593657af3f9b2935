"""The change log: who changed what, from where, and why. Append-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model

from instances.admin.manners import History
from instances.admin.moments import moment
from instances.models import Connection, Membership


class ChangesAdmin(History):
    """The rows that django-simple-history writes for one kind of object."""

    list_display = (
        moment("history_date", "at"),
        "what",
        "history_type",
        "history_user",
        "origin",
        "history_change_reason",
    )
    list_filter = ("origin", "history_type")
    list_select_related = ("history_user",)
    search_fields = ("history_change_reason", "history_user__username")
    ordering = ("-history_date", "-history_id")

    @admin.display(description="what")
    def what(self, row: Any) -> str:
        return str(row)


def register_changes(*models: type[Model]) -> None:
    """Show the history of these models."""
    for model in models:
        history: Any = model.history.model  # type: ignore[attr-defined]  # simple_history adds it
        # The library's own would read the row and what it refers to, where history
        # has neither: for each line of a list, and in vain for a target's instance.
        history.__str__ = _named
        admin.site.register(history, ChangesAdmin)


def _named(change: Any) -> str:
    kind = change.instance_type._meta.verbose_name
    return f"{kind} {change.id} {getattr(change, 'name', '')}".strip()


register_changes(Connection, Membership)
