"""Schedules: create, read, edit, delete, pause, resume, trigger, next slots."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from instances.api.viewsets import StrictViewSet
from instances.changelog import changing
from instances.clock import database_now
from instances.idempotency import idempotent
from instances.models import Change
from instances.preconditions import entity_tag, seen_revision
from instances.requester import requester
from schedules import lifecycle, pausing, triggering
from schedules.api.filters import ScheduleFilter
from schedules.api.previews import NextSerializer, PreviewSerializer
from schedules.api.requests import (
    CancelSerializer,
    ReasonSerializer,
    TriggerSerializer,
)
from schedules.api.run_serializers import OutcomeSerializer
from schedules.api.runs import outcome_answer
from schedules.api.serializers import ScheduleDetailSerializer, ScheduleSerializer
from schedules.models import Schedule, Target
from schedules.previews import preview

NEVER = Value(datetime(9999, 12, 31, tzinfo=UTC))
TARGETS = Target.objects.filter(schedule=OuterRef("pk"), deleted_at=None)


class ScheduleViewSet(mixins.ListModelMixin, StrictViewSet[Schedule]):
    """A workflow on a cron schedule, for one or many instances."""

    queryset = Schedule.objects.none()
    serializer_class = ScheduleDetailSerializer
    filterset_class = ScheduleFilter
    parameters = {"destroy": {"cancel"}, "next": {"count"}}
    orderings = {
        "name": ["name", "id"],
        "next_run_at": ["next_run_or_never", "id"],
        "updated_at": ["updated_at", "id"],
    }

    def get_queryset(self) -> QuerySet[Schedule]:
        seen = Schedule.objects.visible_to(requester(self.request))
        return seen.select_related("workflow", "owner").annotate(
            next_run_or_never=Coalesce(F("next_run_at"), NEVER),
            target_count=_count(TARGETS),
            active_target_count=_count(TARGETS.filter(paused_at=None)),
        )

    def get_serializer_class(self) -> type[ScheduleSerializer]:
        return ScheduleSerializer if self.action == "list" else ScheduleDetailSerializer

    @property
    def field_names(self) -> dict[str, str]:
        """Fields of the core by the names that callers of the action know."""
        if self.action == "trigger":
            return {"parameters": "values"}
        return {
            "cron": "cron_expression",
            "window": "window_rule",
            "parameters": "parameter_values",
        }

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": database_now()}

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(self.get_object().pk)

    @idempotent
    def create(self, request: Request) -> Response:
        """Create a schedule for one or many instances.

        Needs the role editor in the workflow's account and in each instance's.
        """
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        workflow, chosen = fields.pop("workflow"), fields.pop("instances", [])
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            schedule = lifecycle.create_schedule(
                lifecycle.ScheduleFields(**fields),
                workflow=workflow,
                instances=chosen,
                user=user,
                now=now,
            )
        return self._answer(schedule.pk, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is named; `If-Match` guards against another person's edit."""
        schedule = self.get_object()
        given = self.get_serializer(schedule, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        changes = dict(given.validated_data)
        lifecycle.refuse_fixed(schedule, changes)
        changes.pop("workflow", None)
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            lifecycle.edit_schedule(
                schedule.pk,
                changes,
                user=user,
                revision=seen_revision(request),
                now=now,
            )
        return self._answer(schedule.pk)

    @extend_schema(parameters=[CancelSerializer], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Hide it for good; 409 while runs are at Amazon unless `cancel=true`.

        Needs the role admin.
        """
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            lifecycle.delete_schedule(
                self.get_object().pk,
                user=user,
                revision=seen_revision(request),
                cancel=CancelSerializer.asked(request),
                now=now,
            )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ReasonSerializer, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop it; runs of its slots that wait end as skipped."""
        return self._act(pausing.pause_schedule, with_reason=True)

    @extend_schema(request=ReasonSerializer, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on with the first slot from now; nothing that was missed is run."""
        return self._act(pausing.resume_schedule, with_reason=False)

    @extend_schema(request=TriggerSerializer, responses={201: OutcomeSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def trigger(self, request: Request, pk: str) -> Response:
        """Run it now, by hand, without moving its calendar.

        409 `recent_run` within the duplicate window and `paused` while paused, unless
        `force`.
        """
        schedule = self.get_object()
        context = {**self.get_serializer_context(), "schedule": schedule}
        given = TriggerSerializer(data=request.data, context=context)
        given.is_valid(raise_exception=True)
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            outcome = triggering.trigger_schedule(
                schedule.pk, user=user, now=now, **given.asked()
            )
        return outcome_answer(outcome)

    @extend_schema(parameters=[NextSerializer], responses=PreviewSerializer)
    @action(detail=True, filterset_class=None)
    def next(self, request: Request, pk: str) -> Response:
        """The coming slots with their windows, in the zone of its oldest target.

        A paused schedule is shown as if it went on now. `count` up to 100.
        """
        schedule = self.get_object()
        given = NextSerializer(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        shown = preview(
            schedule.cron_expression,
            schedule.timezone,
            after=database_now(),
            count=given.validated_data["count"],
            window_rule=schedule.window_rule,
            dates_timezone=_dates_timezone(schedule),
        )
        return Response(PreviewSerializer(shown).data)

    def _act(self, deed: Any, *, with_reason: bool) -> Response:
        """Apply a pause or a resume, with the person's reason in the change log."""
        schedule = self.get_object()
        given = ReasonSerializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        user, now = requester(self.request), database_now()
        said = {"reason": reason} if with_reason else {}
        with changing(user, Change.Origin.API, reason, now=now):
            deed(schedule.pk, user=user, now=now, **said)
        return self._answer(schedule.pk)

    def _answer(self, key: int, code: int = status.HTTP_200_OK) -> Response:
        schedule = self.get_queryset().get(pk=key)
        data = self.get_serializer(schedule).data
        return Response(data, status=code, headers=entity_tag(schedule.revision))


def _count(targets: QuerySet[Target]) -> Any:
    """A count for the rows that are shown, and for no others."""
    counted = targets.order_by().values("schedule").annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)


def _dates_timezone(schedule: Schedule) -> str:
    kept = schedule.targets.filter(deleted_at=None).select_related("instance")
    oldest = kept.order_by("id").first()
    if oldest is None:
        return schedule.timezone
    oldest.schedule = schedule
    return oldest.dates_timezone
