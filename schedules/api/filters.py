"""What lists of schedules, targets and runs can be narrowed by."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters

from instances.clock import database_now
from schedules.models import Run, Schedule, Target
from schedules.states import Trigger


class ScheduleFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains")
    state = filters.ChoiceFilter(
        choices=[("paused", "Paused"), ("due", "Due"), ("next", "Next")],
        method="in_state",
    )
    instance = filters.NumberFilter(method="on_instance")
    next_run_before = filters.IsoDateTimeFilter(
        field_name="next_run_at", lookup_expr="lt"
    )

    class Meta:
        model = Schedule
        fields = ["is_active", "workflow", "account", "owner"]

    def in_state(self, rows: QuerySet[Schedule], name: str, word: str) -> Any:
        now = database_now()
        return rows.filter(
            {
                "paused": Q(is_active=False),
                "due": Q(is_active=True, next_run_at__lte=now),
                "next": Q(is_active=True, next_run_at__gt=now),
            }[word]
        )

    def on_instance(self, rows: QuerySet[Schedule], name: str, key: Any) -> Any:
        on_it = Target.objects.filter(
            schedule=OuterRef("pk"), instance=key, deleted_at=None
        )
        return rows.filter(Exists(on_it))


class TargetFilter(filters.FilterSet):
    paused = filters.BooleanFilter(
        field_name="paused_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Target
        fields = ["schedule", "instance"]


class RunFilter(filters.FilterSet):
    state = filters.BaseInFilter(field_name="state", lookup_expr="in")
    trigger = filters.ChoiceFilter(choices=Trigger.choices)
    since = filters.IsoDateTimeFilter(field_name="scheduled_for", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="scheduled_for", lookup_expr="lt")
    workflow = filters.NumberFilter(field_name="workflow_version__workflow")

    class Meta:
        model = Run
        fields = ["schedule", "target", "instance", "account", "reason", "retry_of"]
