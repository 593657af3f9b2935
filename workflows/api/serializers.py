"""Shapes of workflows, versions, executions and results."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instances.models import Instance
from instances.requester import requester
from instances.serialization import (
    Related,
    Strict,
    Text,
    Values,
    VerbatimObjects,
    VerbatimText,
)
from workflows import lifecycle
from workflows.models import (
    ExecutionResult,
    Workflow,
    WorkflowExecution,
    WorkflowVersion,
)
from workflows.sql.warnings import sql_warnings


class VisibleInstance(Related):
    """The id of an instance that the requester may see."""

    def rows(self) -> Any:
        return Instance.objects.visible_to(requester(self.context["request"]))


class WarningSerializer(serializers.Serializer[Any]):
    """What is allowed, but may surprise."""

    code = serializers.CharField()
    message = serializers.CharField()


class WorkflowSerializer(Strict, serializers.ModelSerializer[Workflow]):
    """A workflow with the SQL and declarations of its newest version."""

    instance = VisibleInstance()
    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    name = Text(max_length=255)
    description = Text(lines=True, required=False, allow_blank=True, max_length=10_000)
    sql = VerbatimText(source="version.sql")
    parameters = VerbatimObjects(source="version.parameters", required=False)
    parameter_values = Values(required=False)
    version = serializers.IntegerField(source="version.number", read_only=True)

    class Meta:
        model = Workflow
        fields = [
            "id",
            "account",
            "instance",
            "owner",
            "name",
            "description",
            "sql",
            "parameters",
            "parameter_values",
            "version",
            "revision",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["account", "revision", "created_at", "updated_at"]

    def written(self) -> dict[str, Any]:
        """What a person wrote, by the names of WorkflowFields; without `instance`."""
        given: dict[str, Any] = dict(self.validated_data)
        version: dict[str, Any] = given.pop("version", {})
        given.pop("instance", None)
        return given | version


class SqlWarningSerializer(WarningSerializer):
    position = serializers.IntegerField()


class WorkflowDetailSerializer(WorkflowSerializer):
    """With what its author should know of the SQL."""

    warnings = serializers.SerializerMethodField()

    class Meta(WorkflowSerializer.Meta):
        fields = [*WorkflowSerializer.Meta.fields, "warnings"]

    @extend_schema_field(SqlWarningSerializer(many=True))
    def get_warnings(self, workflow: Workflow) -> list[dict[str, Any]]:
        found = sql_warnings(lifecycle.newest_version(workflow).sql)
        return list(SqlWarningSerializer(found, many=True).data)


class VersionSerializer(serializers.ModelSerializer[WorkflowVersion]):
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True
    )

    class Meta:
        model = WorkflowVersion
        fields = ["id", "number", "sql", "parameters", "created_at", "created_by"]


class ResultSerializer(serializers.ModelSerializer[ExecutionResult]):
    class Meta:
        model = ExecutionResult
        fields = [
            "row_count",
            "size_bytes",
            "sha256",
            "columns",
            "parts",
            "created_at",
            "removed_at",
        ]


class ExecutionSerializer(serializers.ModelSerializer[WorkflowExecution]):
    result = ResultSerializer(read_only=True, allow_null=True)
    workflow_version = serializers.IntegerField(
        source="workflow_version.number", read_only=True
    )

    class Meta:
        model = WorkflowExecution
        fields = [
            "id",
            "mark",
            "attempt",
            "state",
            "reason",
            "error_class",
            "message",
            "workflow_version",
            "instance",
            "account",
            "amc_execution_id",
            "amc_status",
            "amc_request_id",
            "cancel_requested_at",
            "created_at",
            "sending_at",
            "submitted_at",
            "amc_ended_at",
            "ended_at",
            "result",
        ]


@extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
class Sent(serializers.JSONField):
    """The body of the request to Amazon; null before it was sent."""


class ExecutionDetailSerializer(ExecutionSerializer):
    """With what was sent to Amazon, secrets removed."""

    request = Sent(read_only=True)

    class Meta(ExecutionSerializer.Meta):
        fields = [*ExecutionSerializer.Meta.fields, "request"]
