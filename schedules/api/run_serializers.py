"""Shapes of runs, of what became of a request, and of pages of a result."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from schedules.models import Run, RunEvent
from workflows.api.serializers import ExecutionSerializer, ResultSerializer


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run with its attempts, newest last, and the result of the newest."""

    schedule_name = serializers.CharField(
        source="schedule.name", read_only=True, allow_null=True, default=None
    )
    instance_name = serializers.CharField(source="instance.name", read_only=True)
    instance_id = serializers.CharField(source="instance.instance_id", read_only=True)
    workflow = serializers.IntegerField(
        source="workflow_version.workflow_id", read_only=True
    )
    workflow_version = serializers.IntegerField(
        source="workflow_version.number", read_only=True
    )
    executions = serializers.SerializerMethodField()
    result = ResultSerializer(
        source="execution.result", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Run
        fields = [
            "id",
            "schedule",
            "schedule_name",
            "target",
            "workflow",
            "workflow_version",
            "instance",
            "instance_name",
            "instance_id",
            "account",
            "trigger",
            "scheduled_for",
            "covers_from",
            "window_start",
            "window_end",
            "window_timezone",
            "parameter_values",
            "priority",
            "state",
            "reason",
            "message",
            "blocked_by",
            "retry_of",
            "next_action_at",
            "give_up_at",
            "cancel_requested_at",
            "cancel_reason",
            "created_at",
            "started_at",
            "finished_at",
            "executions",
            "result",
        ]

    def get_executions(self, run: Run) -> list[dict[str, Any]]:
        attempts = self.context["attempts"].get(run.pk, [])
        return list(ExecutionSerializer(attempts, many=True).data)


class RunEventSerializer(serializers.ModelSerializer[RunEvent]):
    class Meta:
        model = RunEvent
        fields = ["at", "from_state", "to_state", "reason", "execution_id"]


class RefusalSerializer(serializers.Serializer[Any]):
    target = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of a request: runs started, targets refused."""

    runs = RunSerializer(many=True)
    refused = RefusalSerializer(many=True)


class ResultPageSerializer(serializers.Serializer[Any]):
    """Rows of a result as texts; `next` is the cursor of the next page."""

    columns = serializers.ListField(child=serializers.CharField())
    row_count = serializers.IntegerField()
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField())
    )
    next = serializers.CharField(allow_null=True)
