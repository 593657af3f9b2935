"""Shapes of schedules, targets and runs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instances.api.serializers import TimezoneField
from instances.serialization import (
    Moment,
    Strict,
    Text,
    Values,
    VerbatimObject,
    VerbatimText,
    Whole,
)
from schedules import recurrence
from schedules.api.fields import (
    OwnConnection,
    VisibleInstances,
    VisibleSchedule,
    VisibleWorkflow,
)
from schedules.errors import InvalidRecurrence
from schedules.labels import status_label
from schedules.lifecycle import LIMITS
from schedules.models import Schedule, Target
from schedules.recurrence.warnings import RecurrenceWarning, recurrence_warnings
from workflows.api.serializers import (
    VisibleInstance,
    WarningSerializer,
)

SHOWN_SLOTS = 5


def _limited(name: str) -> Whole:
    least, most = LIMITS[name]
    return Whole(least=least, most=most, required=False)


class TargetSerializer(Strict, serializers.ModelSerializer[Target]):
    instance = VisibleInstance()
    instance_name = serializers.CharField(source="instance.name", read_only=True)
    instance_id = serializers.CharField(source="instance.instance_id", read_only=True)
    account = serializers.IntegerField(source="instance.account_id", read_only=True)
    timezone = TimezoneField(required=False, blank=True)
    parameter_values = Values(required=False)
    schedule_revision = serializers.IntegerField(
        source="schedule.revision", read_only=True
    )

    class Meta:
        model = Target
        fields = [
            "id",
            "schedule",
            "schedule_revision",
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
    instances = VisibleInstances(write_only=True, required=False)
    connection = OwnConnection(required=False, allow_null=True)
    cron_expression = VerbatimText()
    timezone = VerbatimText(required=False)
    window_rule = VerbatimObject()
    parameter_values = Values(required=False)
    catch_up_limit = _limited("catch_up_limit")
    dedup_window_minutes = _limited("dedup_window_minutes")
    max_failures = _limited("max_failures")
    max_attempts = _limited("max_attempts")
    time_limit_seconds = _limited("time_limit_seconds")
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


class ScheduleDetailSerializer(ScheduleSerializer):
    """With what its author should know of the rule, and its next slots."""

    warnings = serializers.SerializerMethodField()
    next_runs = serializers.SerializerMethodField()

    class Meta(ScheduleSerializer.Meta):
        fields = [*ScheduleSerializer.Meta.fields, "warnings", "next_runs"]

    @extend_schema_field(WarningSerializer(many=True))
    def get_warnings(self, schedule: Schedule) -> list[dict[str, Any]]:
        rule = (schedule.cron_expression, schedule.timezone)
        try:
            found = recurrence_warnings(*rule, after=self.context["now"])
        except InvalidRecurrence as error:  # broken behind our back
            found = [RecurrenceWarning(code=error.code, message=error.message)]
        return list(WarningSerializer(found, many=True).data)

    @extend_schema_field(serializers.ListField(child=serializers.DateTimeField()))
    def get_next_runs(self, schedule: Schedule) -> list[str]:
        """The next five slots in UTC, none while it is paused."""
        if schedule.next_run_at is None:
            return []
        first = schedule.next_run_at
        rule = (schedule.cron_expression, schedule.timezone)
        try:
            later = recurrence.fire_times(*rule, first, SHOWN_SLOTS - 1)
        except InvalidRecurrence:
            later = []
        return [Moment().to_representation(slot) for slot in [first, *later]]
