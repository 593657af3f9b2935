"""Ids of what the requester may see, for input."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instances.models import Connection
from instances.requester import requester
from schedules.models import Schedule
from workflows.models import Workflow


class VisibleWorkflow(serializers.PrimaryKeyRelatedField[Workflow]):
    """The id of a workflow that the requester may see."""

    def get_queryset(self) -> Any:
        seen = Workflow.objects.visible_to(requester(self.context["request"]))
        return seen.select_related("version", "instance")


class VisibleSchedule(serializers.PrimaryKeyRelatedField[Schedule]):
    """The id of a schedule that the requester may see."""

    def get_queryset(self) -> Any:
        return Schedule.objects.visible_to(requester(self.context["request"]))


class OwnConnection(serializers.PrimaryKeyRelatedField[Connection]):
    """The id of a connection of the requester."""

    def get_queryset(self) -> Any:
        user = requester(self.context["request"])
        return Connection.objects.visible_to(user).filter(deleted_at=None)


@extend_schema_field(str)
class Verbatim(serializers.Field[Any, Any, Any, Any]):
    """A value that the core judges itself, so that there is one message for it."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value
