"""What lists of schedules, targets and runs can be narrowed by."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from instances.clock import database_now
from instances.query import (
    FlagFilter,
    IdFilter,
    MomentFilter,
    SearchFilter,
    WordsFilter,
)
from schedules.models import Run, Schedule, Target
from schedules.states import RunState, Trigger


class ScheduleFilter(filters.FilterSet):
    q = SearchFilter(field_name="name")
    state = filters.ChoiceFilter(
        choices=[("paused", "Paused"), ("due", "Due"), ("next", "Next")],
        method="in_state",
    )
    is_active = FlagFilter()
    workflow = IdFilter()
    account = IdFilter()
    instance = IdFilter(method="on_instance")
    owner = SearchFilter(field_name="owner__username", lookup_expr="exact")
    next_run_before = MomentFilter(field_name="next_run_at", lookup_expr="lt")

    def in_state(self, rows: QuerySet[Schedule], name: str, word: str) -> Any:
        """By the word that the status begins with."""
        now = database_now()
        return rows.filter(
            {
                "paused": Q(is_active=False),
                "due": Q(is_active=True, next_run_at__lte=now),
                "next": Q(is_active=True, next_run_at__gt=now),
            }[word]
        )

    @extend_schema_field(OpenApiTypes.INT)
    def on_instance(self, rows: QuerySet[Schedule], name: str, key: int) -> Any:
        on_it = Target.objects.filter(
            schedule=OuterRef("pk"), instance=key, deleted_at=None
        )
        return rows.filter(Exists(on_it))


class TargetFilter(filters.FilterSet):
    schedule = IdFilter()
    instance = IdFilter()
    account = IdFilter(field_name="instance__account")
    paused = FlagFilter(method="if_paused")

    @extend_schema_field(OpenApiTypes.BOOL)
    def if_paused(self, rows: QuerySet[Target], name: str, paused: bool) -> Any:
        return rows.filter(paused_at__isnull=not paused)


class RunFilter(filters.FilterSet):
    schedule = IdFilter()
    target = IdFilter()
    instance = IdFilter()
    account = IdFilter()
    workflow = IdFilter(field_name="workflow_version__workflow")
    retry_of = IdFilter()
    state = WordsFilter(choices=RunState.choices)
    reason = SearchFilter(lookup_expr="exact")
    trigger = WordsFilter(choices=Trigger.choices)
    since = MomentFilter(field_name="scheduled_for", lookup_expr="gte")
    until = MomentFilter(field_name="scheduled_for", lookup_expr="lt")

    class Meta:
        model = Run
        fields: list[str] = []
