"""Workflows, their versions, and executions."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
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
from instances.query import IdFilter, SearchFilter, WordsFilter
from instances.requester import requester
from workflows import lifecycle
from workflows.api.serializers import (
    ExecutionDetailSerializer,
    ExecutionSerializer,
    VersionSerializer,
    WorkflowDetailSerializer,
    WorkflowSerializer,
)
from workflows.models import Workflow, WorkflowExecution
from workflows.states import ExecutionState


class WorkflowFilter(filters.FilterSet):
    q = SearchFilter(field_name="name")
    account = IdFilter()
    instance = IdFilter()
    owner = SearchFilter(field_name="owner__username", lookup_expr="exact")


class WorkflowViewSet(mixins.ListModelMixin, StrictViewSet[Workflow]):
    """SQL with declared parameters. Each saved change of SQL is a version."""

    queryset = Workflow.objects.none()
    serializer_class = WorkflowDetailSerializer
    filterset_class = WorkflowFilter
    orderings = {"name": ["name", "id"], "updated_at": ["updated_at", "id"]}

    def get_queryset(self) -> QuerySet[Workflow]:
        seen = Workflow.objects.visible_to(requester(self.request))
        return seen.select_related("version", "owner")

    def get_serializer_class(self) -> type[WorkflowSerializer]:
        return WorkflowSerializer if self.action == "list" else WorkflowDetailSerializer

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(self.get_object())

    @idempotent
    def create(self, request: Request) -> Response:
        """Create a workflow on an instance. Needs the role editor there."""
        given = self._given(request)
        given.is_valid(raise_exception=True)
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            workflow = lifecycle.create_workflow(
                lifecycle.WorkflowFields(**given.written()),
                instance=given.validated_data["instance"],
                user=user,
                now=now,
            )
        return self._answer(workflow, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is named; `If-Match` guards against another person's edit."""
        workflow = self.get_object()
        given = self._given(request, workflow)
        given.is_valid(raise_exception=True)
        lifecycle.refuse_fixed(workflow, given.validated_data)
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            edited = lifecycle.edit_workflow(
                workflow.pk,
                given.written(),
                user=user,
                revision=seen_revision(request),
                now=now,
            )
        return self._answer(edited)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Hide the workflow; 409 while schedules run it. Needs the role admin."""
        workflow = self.get_object()
        user, now = requester(request), database_now()
        with changing(user, Change.Origin.API, now=now):
            lifecycle.delete_workflow(
                workflow.pk, user=user, revision=seen_revision(request), now=now
            )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """Every version, newest first."""
        rows = self.get_object().versions.select_related("created_by")
        return Response(VersionSerializer(rows.order_by("-number"), many=True).data)

    def _given(
        self, request: Request, workflow: Workflow | None = None
    ) -> WorkflowSerializer:
        return WorkflowDetailSerializer(
            workflow,
            data=request.data,
            partial=workflow is not None,
            context=self.get_serializer_context(),
        )

    def _answer(self, workflow: Workflow, code: int = status.HTTP_200_OK) -> Response:
        data = self.get_serializer(workflow).data
        return Response(data, status=code, headers=entity_tag(workflow.revision))


class ExecutionFilter(filters.FilterSet):
    account = IdFilter()
    instance = IdFilter()
    state = WordsFilter(choices=ExecutionState.choices)
    reason = SearchFilter(lookup_expr="exact")
    amc_execution_id = SearchFilter(lookup_expr="exact")


class ExecutionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, StrictViewSet[WorkflowExecution]
):
    """Attempts at Amazon, newest first."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = ExecutionDetailSerializer
    filterset_class = ExecutionFilter

    def get_queryset(self) -> QuerySet[WorkflowExecution]:
        seen = WorkflowExecution.objects.visible_to(requester(self.request))
        shown = seen.select_related("result", "workflow_version")
        shown = shown.defer("workflow_version__sql", "workflow_version__parameters")
        return shown.defer("request") if self.action == "list" else shown

    def get_serializer_class(self) -> type[ExecutionSerializer]:
        is_list = self.action == "list"
        return ExecutionSerializer if is_list else ExecutionDetailSerializer
