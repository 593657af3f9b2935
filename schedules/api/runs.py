"""Runs: history, cancel, retry, results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from instances.api.viewsets import StrictViewSet
from instances.changelog import changing
from instances.clock import database_now
from instances.idempotency import idempotent
from instances.models import Change
from instances.publishing import hurry
from instances.requester import requester
from schedules import cancelling, triggering
from schedules.api.filters import RunFilter
from schedules.api.requests import CsvSerializer, ReasonSerializer, RowsSerializer
from schedules.api.run_serializers import (
    ResultPageSerializer,
    RunEventSerializer,
    RunSerializer,
)
from schedules.attempts import attempts_of
from schedules.models import Run, Schedule
from schedules.task_names import EXECUTE_RUN
from workflows import results
from workflows.models import ExecutionResult

SHOWN_WITH = ("schedule", "instance", "workflow_version", "execution__result")
# Long, and not shown.
LEFT_OUT = (
    "workflow_version__sql",
    "workflow_version__parameters",
    "execution__request",
)


class RunViewSet(StrictViewSet[Run]):
    """What happened to each slot and each request by hand, newest first."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    filterset_class = RunFilter
    parameters = {"rows": {"cursor", "limit"}, "csv": {"safe"}}

    def get_queryset(self) -> QuerySet[Run]:
        return with_shown(Run.objects.visible_to(requester(self.request)))

    def list(self, request: Request, **path: Any) -> Response:
        """Newest first, each with its attempts."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(shown(page or []))

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
        run = self.get_object()
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            cancelling.cancel_run(
                run.pk, user=user, reason=given.validated_data["reason"], now=now
            )
        return Response(shown_anew([run.pk])[0], status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={201: RunSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        """A new run for the same window, with today's SQL and values."""
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            run = triggering.retry_run(self.get_object().pk, user=user, now=now)
        hurry(EXECUTE_RUN, run.pk)
        return Response(shown_anew([run.pk])[0], status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[RowsSerializer], responses=ResultPageSerializer)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def rows(self, request: Request, pk: str) -> Response:
        """Rows of the result, `limit` at most 1,000; `next` leads to more of them."""
        result = self._result()
        given = RowsSerializer(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        page = results.page(result, asked.get("cursor"), asked["limit"])
        answer = {
            "columns": page.columns,
            "row_count": result.row_count,
            "rows": page.rows,
            "next": page.next_token,
        }
        return Response(answer)

    @extend_schema(
        parameters=[CsvSerializer], responses={(200, "text/csv"): OpenApiTypes.BINARY}
    )
    @action(detail=True, filterset_class=None, pagination_class=None)
    def csv(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The result as a file, as Amazon wrote it; `safe=true` for spreadsheets."""
        result = self._result()
        given = CsvSerializer(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        pieces = (
            results.stream_safe_csv(result, bom=True)
            if given.validated_data["safe"]
            else results.stream_csv(result)
        )
        answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="run-{int(pk)}.csv"'
        return answer

    def _result(self) -> ExecutionResult:
        execution = self.get_object().execution
        result: ExecutionResult | None = getattr(execution, "result", None)
        if result is None:
            raise NotFound("This run has no result.", "no_result")
        return result


class ScheduleRunViewSet(RunViewSet):
    """The runs of one schedule that the requester may see, newest first."""

    newest_first = ("created_at", "id")  # as its index has them

    def get_queryset(self) -> QuerySet[Run]:
        if getattr(self, "swagger_fake_view", False):
            return Run.objects.none()
        seen = Schedule.objects.visible_to(requester(self.request))
        schedule = get_object_or_404(seen, pk=self.kwargs["schedule_id"])
        return super().get_queryset().filter(schedule=schedule)


def with_shown(runs: QuerySet[Run]) -> QuerySet[Run]:
    """With everything that an answer tells of a run."""
    return runs.select_related(*SHOWN_WITH).defer(*LEFT_OUT)


def shown(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as the API tells them."""
    context = {"attempts": attempts_of(runs)}
    return list(RunSerializer(runs, many=True, context=context).data)


def shown_anew(run_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The same as they stand in the database now."""
    rows = with_shown(Run.objects.filter(pk__in=run_ids))
    return shown(list(rows.order_by("id")))


def outcome_answer(outcome: triggering.Outcome) -> Response:
    """201 with the runs that were started and the targets that were refused."""
    run_ids = [run.pk for run in outcome.runs]
    hurry(EXECUTE_RUN, *run_ids)
    refused = [
        {
            "target": refusal.target.pk,
            "code": refusal.error.code,
            "detail": refusal.error.message,
        }
        for refusal in outcome.refused
    ]
    body = {"runs": shown_anew(run_ids), "refused": refused}
    return Response(body, status=status.HTTP_201_CREATED)
