"""Alarms, heartbeats, answered requests: what the product has noted about itself."""

from __future__ import annotations

from django.contrib import admin

from instances.admin.manners import AdminBase, History
from instances.admin.moments import moment
from instances.models import Alarm, Heartbeat, IdempotencyKey


@admin.register(Alarm)
class AlarmAdmin(History):
    list_display = ("code", "subject", moment("since"), moment("ended_at"))
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "code")
    search_fields = ("subject",)


@admin.register(Heartbeat)
class HeartbeatAdmin(AdminBase):
    list_display = ("name", moment("at"))
    ordering = ("name",)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(History):
    """That a request was answered, not with what: an answer may be confidential."""

    hidden = ("key", "body_sha256", "answer")
    list_display = ("endpoint", "user", "status", moment("created_at"))
    list_select_related = ("user",)
