"""Health of the schedules that the requester may see; alarms for staff."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.api.serializers import AlarmSerializer
from instances.clock import database_now
from instances.requester import requester
from schedules.health import check_schedule_health
from schedules.models import Schedule


class FailingSerializer(serializers.Serializer[Any]):
    schedule_id = serializers.IntegerField()
    name = serializers.CharField()
    failed = serializers.IntegerField()
    finished = serializers.IntegerField()
    rate = serializers.FloatField()


class StalledSerializer(serializers.Serializer[Any]):
    schedule_id = serializers.IntegerField()
    name = serializers.CharField()
    next_run_at = serializers.DateTimeField()


class SlowerSerializer(serializers.Serializer[Any]):
    schedule_id = serializers.IntegerField()
    name = serializers.CharField()
    recent_seconds = serializers.FloatField()
    earlier_seconds = serializers.FloatField()


class HealthSerializer(serializers.Serializer[Any]):
    checked_at = serializers.DateTimeField()
    is_healthy = serializers.BooleanField()
    failing = FailingSerializer(many=True)
    stalled = StalledSerializer(many=True)
    slower = SlowerSerializer(many=True)
    alarms = AlarmSerializer(many=True)


class HealthView(APIView):
    """Failing, stalled and slower schedules, and open alarms."""

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        user = requester(request)
        seen = Schedule.objects.visible_to(user).values_list("id", flat=True)
        health = check_schedule_health(database_now(), schedule_ids=seen)
        answer = HealthSerializer(health).data
        if not user.is_staff:
            answer["alarms"] = [
                alarm for alarm in answer["alarms"] if _concerns(alarm, user.pk)
            ]
        return Response(answer)


def _concerns(alarm: dict[str, Any], user_id: int) -> bool:
    """Whether the alarm is about something of this user's, such as a connection."""
    return bool(alarm["facts"].get("owner_id") == user_id)
