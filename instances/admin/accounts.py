"""AMC accounts and instances, as Amazon lists them and as staff may correct them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from instances.admin.manners import AdminBase
from instances.admin.moments import moment
from instances.models import Account, Instance


@admin.register(Account)
class AccountAdmin(AdminBase):
    """Entity id, marketplace and region are Amazon's; the name and the cap are ours."""

    list_display = ("name", "account_id", "marketplace_id", "region", "instance_count")
    list_filter = ("region",)
    search_fields = ("name", "account_id")
    ordering = ("name", "pk")
    editable = ("name", "max_running")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        rows: QuerySet[Account] = super().get_queryset(request)
        return rows.annotate(instance_count=Count("instances"))

    @admin.display(description="instances", ordering="instance_count")
    def instance_count(self, row: Any) -> int:
        return int(row.instance_count)


@admin.register(Instance)
class InstanceAdmin(AdminBase):
    """An account is given to an instance that has none; it is never moved."""

    list_display = (
        "name",
        "instance_id",
        "account",
        "timezone",
        moment("throttled_until"),
        moment("synced_at"),
    )
    list_filter = (("account", admin.EmptyFieldListFilter), "requires_synthetic_data")
    list_select_related = ("account",)
    search_fields = ("name", "instance_id", "account__account_id")
    autocomplete_fields = ("account",)
    ordering = ("instance_id",)
    editable = (
        "name",
        "timezone",
        "requires_synthetic_data",
        "max_running",
        "max_backfills",
    )

    def writable(self, row: Any) -> Sequence[str]:
        has_account = row is None or row.account_id is not None
        return self.editable if has_account else (*self.editable, "account")
