"""What the page of a schedule shows beside its form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from instances.admin.moments import on_the_wall
from instances.clock import database_now
from instances.errors import UnknownTimezone
from schedules import recurrence
from schedules.errors import InvalidRecurrence
from schedules.models import Schedule

COMING = 5
RUNS = 10
CHANGES = 10
TARGETS = 20


def coming(schedule: Schedule) -> SafeString:
    """The next slots, on the schedule's own wall."""
    try:
        zone = recurrence.zone(schedule.timezone)
        slots = recurrence.fire_times(
            schedule.cron_expression, schedule.timezone, database_now(), COMING
        )
    except (InvalidRecurrence, UnknownTimezone) as error:
        return format_html("{}", error.message)
    told = (f"{slot.astimezone(zone):%a %d %b %Y %H:%M %Z}" for slot in slots)
    return _lines((line,) for line in told)


def targets(schedule: Schedule) -> SafeString:
    """The first ones, each with its state, and the way to all."""
    rows = schedule.targets.filter(deleted_at=None).select_related("instance")
    told = (
        (
            _link("target", row.pk, str(row.instance)),
            row.pause_reason or "active",
            f"{row.consecutive_failures}/{schedule.max_failures} failures",
        )
        for row in rows.order_by("pk")[:TARGETS]
    )
    return _lines(told) + _all("target", schedule)


def newest_runs(schedule: Schedule) -> SafeString:
    rows = schedule.runs.select_related("instance").order_by("-created_at")[:RUNS]
    told = (
        (
            _link("run", row.pk, f"run {row.pk}"),
            on_the_wall(row.scheduled_for),
            row.instance,
            row.state,
            row.reason,
        )
        for row in rows
    )
    return _lines(told) + _all("run", schedule)


def changes(schedule: Any) -> SafeString:
    """The newest entries of the change log."""
    rows = schedule.history.select_related("history_user")[:CHANGES]
    told = (
        (
            on_the_wall(row.history_date),
            row.history_user or "the product",
            row.get_origin_display(),
            row.get_history_type_display(),
            row.history_change_reason or "",
        )
        for row in rows
    )
    return _lines(told)


def _lines(rows: Iterable[Iterable[object]]) -> SafeString:
    told = [
        (format_html_join(" · ", "{}", ((cell,) for cell in row if cell)),)
        for row in rows
    ]
    return format_html_join("", "<div>{}</div>", told) if told else SafeString("–")


def _link(model: str, key: int, text: str) -> SafeString:
    address = reverse(f"admin:schedules_{model}_change", args=[key])
    return format_html('<a href="{}">{}</a>', address, text)


def _all(model: str, schedule: Schedule) -> SafeString:
    address = reverse(f"admin:schedules_{model}_changelist")
    form = '<div><a href="{}?schedule__id__exact={}">All of them</a></div>'
    return format_html(form, address, schedule.pk)
