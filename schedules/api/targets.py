"""Targets: add, edit, remove, pause, resume."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
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
from schedules import pausing, targets
from schedules.api.filters import TargetFilter
from schedules.api.requests import CancelSerializer, ReasonSerializer
from schedules.api.serializers import NewTargetSerializer, TargetSerializer
from schedules.models import Schedule, Target


class TargetViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, StrictViewSet[Target]
):
    """A schedule on one instance: pausable alone, with failures of its own."""

    queryset = Target.objects.none()
    serializer_class = TargetSerializer
    filterset_class = TargetFilter
    parameters = {"destroy": {"cancel"}}
    field_names = {"parameters": "parameter_values"}

    def get_queryset(self) -> QuerySet[Target]:
        seen = Target.objects.visible_to(requester(self.request))
        return seen.select_related("instance", "schedule")

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(self.get_object().pk)

    @extend_schema(request=NewTargetSerializer, responses={201: TargetSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Put a schedule on one more instance, from its next slot on."""
        context = self.get_serializer_context()
        given = NewTargetSerializer(data=request.data, context=context)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        schedule: Schedule = fields.pop("schedule")
        user, now = requester(request), database_now()
        with self._changing():
            target = targets.add_target(schedule.pk, user=user, now=now, **fields)
        return self._answer(target.pk, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the zone of its dates or its parameter values.

        `If-Match` takes the schedule's revision.
        """
        target = self.get_object()
        given = self.get_serializer(target, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        user, now = requester(request), database_now()
        with self._changing():
            targets.edit_target(
                target.pk,
                user=user,
                revision=seen_revision(request),
                now=now,
                **given.validated_data,
            )
        return self._answer(target.pk)

    @extend_schema(parameters=[CancelSerializer], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove it; 409 while its runs are at Amazon unless `cancel=true`.

        `If-Match` takes the schedule's revision.
        """
        user, now = requester(request), database_now()
        with self._changing():
            targets.remove_target(
                self.get_object().pk,
                user=user,
                cancel=CancelSerializer.asked(request),
                revision=seen_revision(request),
                now=now,
            )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ReasonSerializer, responses=TargetSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop this target; the schedule's others go on."""
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        user, now = requester(request), database_now()
        with self._changing(reason):
            target = pausing.pause_target(
                self.get_object().pk, user=user, reason=reason, now=now
            )
        return self._answer(target.pk)

    @extend_schema(request=None, responses=TargetSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on from the schedule's next slot."""
        user, now = requester(request), database_now()
        with self._changing():
            target = pausing.resume_target(self.get_object().pk, user=user, now=now)
        return self._answer(target.pk)

    def _answer(self, key: int, code: int = status.HTTP_200_OK) -> Response:
        target = self.get_queryset().get(pk=key)
        tag = entity_tag(target.schedule.revision)
        return Response(self.get_serializer(target).data, status=code, headers=tag)

    def _changing(self, reason: str = "") -> Any:
        user = requester(self.request)
        return changing(user, Change.Origin.API, reason, now=database_now())
