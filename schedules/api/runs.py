"""Runs: history, cancel, retry, results."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from instances.clock import database_now
from instances.idempotency import idempotent
from instances.requester import requester
from schedules import cancelling, triggering
from schedules.api.filters import RunFilter
from schedules.api.serializers import (
    OutcomeSerializer,
    ReasonSerializer,
    RowsSerializer,
    RunEventSerializer,
    RunSerializer,
)
from schedules.attempts import attempts_of
from schedules.models import Run, Schedule
from schedules.publishing import hurry
from workflows import results
from workflows.models import ExecutionResult

SHOWN_WITH = ("schedule", "instance", "workflow_version", "execution__result")


class RunViewSet(viewsets.GenericViewSet[Run]):
    """What happened to each slot and each request by hand, newest first."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_queryset(self) -> QuerySet[Run]:
        seen = Run.objects.visible_to(requester(self.request))
        return seen.select_related(*SHOWN_WITH)

    def list(self, request: Request, **path: Any) -> Response:
        """Newest first, each with its attempts."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(shown(list(page or [])))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(shown([self.get_object()])[0])

    @extend_schema(responses=RunEventSerializer(many=True))
    @action(detail=True, filterset_class=None, pagination_class=None)
    def events(self, request: Request, pk: str) -> Response:
        """Each move of the run, as the database recorded it."""
        moves = self.get_object().events.order_by("id")
        return Response(RunEventSerializer(moves, many=True).data)

    @extend_schema(request=ReasonSerializer, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End it, at once or as soon as Amazon confirms; 409 when it has ended."""
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = cancelling.cancel_run(
            self.get_object().pk,
            user=requester(request),
            reason=given.validated_data["reason"],
            now=database_now(),
        )
        return Response(shown([run])[0], status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={201: RunSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        """A new run for the same window, with today's SQL and values."""
        run = triggering.retry_run(
            self.get_object().pk, user=requester(request), now=database_now()
        )
        hurry_runs([run])
        return Response(shown([run])[0], status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[RowsSerializer], responses={200: dict[str, Any]})
    @action(detail=True, filterset_class=None)
    def rows(self, request: Request, pk: str) -> Response:
        """Rows of the result, `limit` at most 1,000; `next` is the next page's cursor."""
        result = self._result()
        given = RowsSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        page = results.page(result, asked.get("cursor"), asked["limit"])
        return Response(
            {
                "columns": page.columns,
                "row_count": result.row_count,
                "rows": page.rows,
                "next": page.next_token,
            }
        )

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True, filterset_class=None)
    def csv(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The result as a file, as Amazon wrote it; `safe=true` for spreadsheets."""
        result = self._result()
        is_safe = request.query_params.get("safe") == "true"
        stream = results.stream_safe_csv if is_safe else results.stream_csv
        answer = StreamingHttpResponse(stream(result), content_type="text/csv")
        answer["Content-Disposition"] = f'attachment; filename="run-{int(pk)}.csv"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    def _result(self) -> ExecutionResult:
        execution = self.get_object().execution
        result: ExecutionResult | None = getattr(execution, "result", None)
        if result is None or result.removed_at is not None:
            raise NotFound("This run has no result, or it was removed.", "no_result")
        return result


class ScheduleRunViewSet(RunViewSet):
    """The runs of one schedule that the requester may see, newest first."""

    def get_queryset(self) -> QuerySet[Run]:
        if getattr(self, "swagger_fake_view", False):
            return Run.objects.none()
        seen = Schedule.objects.visible_to(requester(self.request))
        schedule = get_object_or_404(seen, pk=self.kwargs["schedule_id"])
        return super().get_queryset().filter(schedule=schedule)


def shown(runs: list[Run]) -> list[dict[str, Any]]:
    """Runs as the API tells them."""
    context = {"attempts": attempts_of(runs)}
    return list(RunSerializer(runs, many=True, context=context).data)


def hurry_runs(runs: list[Run]) -> None:
    """Send the hints after the commit; the tick would find the rows anyway."""
    for run in runs:
        transaction.on_commit(partial(hurry, "schedules.tasks.execute_run", run.pk))


def outcome_answer(outcome: triggering.Outcome) -> Response:
    """201 with the runs that were started and the targets that were refused."""
    hurry_runs(list(outcome.runs))
    refused = [
        {
            "target": refusal.target.pk,
            "code": refusal.error.code,
            "detail": refusal.error.message,
        }
        for refusal in outcome.refused
    ]
    body = {"runs": shown(list(outcome.runs)), "refused": refused}
    return Response(OutcomeSerializer(body).data, status=status.HTTP_201_CREATED)
