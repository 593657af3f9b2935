"""Shapes of schedules, targets and runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from instances.serialization import Strict, Text, Whole
from schedules import recurrence
from schedules.api.fields import (
    OwnConnection,
    Verbatim,
    VisibleSchedule,
    VisibleWorkflow,
)
from schedules.errors import InvalidRecurrence
from schedules.labels import status_label
from schedules.models import Run, RunEvent, Schedule, Target
from workflows.api.serializers import (
    ExecutionSerializer,
    ResultSerializer,
    VisibleInstance,
)
from workflows.windows import Window


class TargetSerializer(Strict, serializers.ModelSerializer[Target]):
    instance = VisibleInstance()
    instance_name = serializers.CharField(source="instance.name", read_only=True)
    instance_id = serializers.CharField(source="instance.instance_id", read_only=True)
    account = serializers.IntegerField(source="instance.account_id", read_only=True)
    timezone = Text(required=False, allow_blank=True, max_length=64)
    parameter_values = serializers.DictField(required=False)

    class Meta:
        model = Target
        fields = [
            "id",
            "schedule",
            "instance",
            "instance_name",
            "instance_id",
            "account",
            "timezone",
            "parameter_values",
            "consecutive_failures",
            "paused_at",
            "pause_reason",
            "pause_message",
            "created_at",
        ]
        read_only_fields = [
            "schedule",
            "consecutive_failures",
            "paused_at",
            "pause_reason",
            "pause_message",
            "created_at",
        ]


class NewTargetSerializer(TargetSerializer):
    """A target with the schedule that it joins."""

    schedule = VisibleSchedule()

    class Meta(TargetSerializer.Meta):
        read_only_fields = [
            name
            for name in TargetSerializer.Meta.read_only_fields
            if name != "schedule"
        ]


class ScheduleSerializer(Strict, serializers.ModelSerializer[Schedule]):
    """A schedule. `instances` is for creation: one target each, else the workflow's."""

    name = Text(max_length=255)
    workflow = VisibleWorkflow()
    workflow_name = serializers.CharField(source="workflow.name", read_only=True)
    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    instances = serializers.ListField(
        child=VisibleInstance(), write_only=True, required=False, max_length=1_000
    )
    connection = OwnConnection(required=False, allow_null=True)
    cron_expression = Verbatim()
    timezone = Verbatim(required=False)
    window_rule = serializers.DictField()
    parameter_values = serializers.DictField(required=False)
    catch_up_limit = Whole(required=False)
    dedup_window_minutes = Whole(required=False)
    max_failures = Whole(required=False)
    max_attempts = Whole(required=False)
    time_limit_seconds = Whole(required=False)
    status = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    target_count = serializers.IntegerField(read_only=True)
    active_target_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Schedule
        fields = [
            "id",
            "name",
            "workflow",
            "workflow_name",
            "account",
            "owner",
            "connection",
            "instances",
            "cron_expression",
            "description",
            "timezone",
            "window_rule",
            "parameter_values",
            "missed_policy",
            "catch_up_limit",
            "overlap_policy",
            "dedup_window_minutes",
            "max_failures",
            "max_attempts",
            "time_limit_seconds",
            "status",
            "is_active",
            "next_run_at",
            "paused_at",
            "pause_cause",
            "pause_reason",
            "target_count",
            "active_target_count",
            "revision",
            "created_at",
            "updated_at",
        ]
        read_only_fields = [
            "account",
            "is_active",
            "next_run_at",
            "paused_at",
            "pause_cause",
            "pause_reason",
            "revision",
            "created_at",
            "updated_at",
        ]

    def get_status(self, schedule: Schedule) -> str:
        """`Paused`, `Due`, or `Next: 7 days`."""
        return status_label(
            is_active=schedule.is_active,
            next_run_at=schedule.next_run_at,
            now=self.context["now"],
        )

    def get_description(self, schedule: Schedule) -> str:
        """The rule as a sentence; empty for a rule that was broken behind our back."""
        try:
            return recurrence.describe(schedule.cron_expression)
        except InvalidRecurrence:
            return ""


class WindowSerializer(Strict):
    """Dates of data: `end` is exclusive."""

    start = serializers.DateField()
    end = serializers.DateField()


class TriggerSerializer(Strict):
    """What a run by hand may say beside the schedule."""

    targets = serializers.ListField(
        child=Whole(min_value=1), required=False, max_length=1_000
    )
    values = serializers.DictField(required=False)
    window = WindowSerializer(required=False)
    slot = serializers.DateTimeField(required=False)
    force = serializers.BooleanField(default=False)

    def asked(self) -> dict[str, Any]:
        """The arguments of `triggering.trigger_schedule`."""
        asked = dict(self.validated_data)
        window = asked.pop("window", None)
        return {
            "target_ids": asked.pop("targets", None),
            "window": Window(**window) if window else None,
            **asked,
        }


class ReasonSerializer(Strict):
    reason = Text(max_length=1_000, required=False, allow_blank=True, default="")


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

    runs = serializers.ListField(child=serializers.DictField())
    refused = RefusalSerializer(many=True)


class RowsSerializer(Strict):
    cursor = serializers.CharField(required=False, max_length=20)
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)
