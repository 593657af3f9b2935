"""Connections to Amazon: who gave them, whether they work. Never their tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from instances.admin.manners import AdminBase, History
from instances.admin.moments import moment
from instances.models import Connection, ConsentRequest, LwaApplication


@admin.register(Connection)
class ConnectionAdmin(AdminBase):
    hidden = ("refresh_token", "access_token")
    list_display = (
        "name",
        "owner",
        "state",
        moment("refreshed_at"),
        moment("access_token_expires_at", "token expires at"),
        moment("created_at"),
    )
    list_filter = (
        ("held_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username", "owner__email")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """The ciphertext is not even read."""
        rows: QuerySet[Connection] = super().get_queryset(request)
        return rows.defer(*self.hidden)

    @admin.display(description="state")
    def state(self, row: Any) -> str:
        if row.deleted_at:
            return "disconnected"
        return f"held: {row.hold_reason}" if row.held_at else "usable"


@admin.register(LwaApplication)
class LwaApplicationAdmin(AdminBase):
    list_display = ("id", moment("held_at"), "hold_reason")


@admin.register(ConsentRequest)
class ConsentRequestAdmin(History):
    hidden = ("state_sha256", "session_key_sha256")
    list_display = ("id", "user", moment("created_at"), moment("used_at"))
    list_select_related = ("user",)
