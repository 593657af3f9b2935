"""Health of the schedules that the requester may see, and alarms that concern them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.api.serializers import AlarmSerializer
from instances.clock import database_now
from instances.holds import APPLICATION_HELD
from instances.models import Alarm, Instance, User
from instances.requester import requester
from schedules.health import Health, check_schedule_health
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


class AffectedSerializer(serializers.Serializer[Any]):
    """A schedule that waits while the connection of an alarm is held."""

    alarm_id = serializers.IntegerField()
    schedule_id = serializers.IntegerField()
    name = serializers.CharField()


class HealthSerializer(serializers.Serializer[Any]):
    checked_at = serializers.DateTimeField()
    is_healthy = serializers.BooleanField()
    failing = FailingSerializer(many=True)
    stalled = StalledSerializer(many=True)
    slower = SlowerSerializer(many=True)
    alarms = AlarmSerializer(many=True)
    affected = AffectedSerializer(many=True)


class HealthView(APIView):
    """Failing, stalled and slower schedules, and open alarms."""

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        user = requester(request)
        seen = Schedule.objects.visible_to(user).values_list("id", flat=True)
        health = check_schedule_health(database_now(), schedule_ids=seen)
        health = replace(health, alarms=tuple(_concerning(user, health)))
        return Response(HealthSerializer(health).data)


def _concerning(user: User, health: Health) -> Iterable[Alarm]:
    """All alarms for staff; for others, what stops everybody or something of theirs."""
    if user.is_staff or user.is_superuser:
        return health.alarms
    affecting = {affected.alarm_id for affected in health.affected}
    mine = Instance.objects.visible_to(user).values_list("id", flat=True)
    named = {alarm.facts.get("instance") for alarm in health.alarms} - {None}
    instances = set(mine.filter(pk__in=named)) if named else set()
    return [
        alarm
        for alarm in health.alarms
        if alarm.code == APPLICATION_HELD
        or alarm.pk in affecting
        or alarm.facts.get("owner") == user.pk
        or alarm.facts.get("instance") in instances
    ]
