"""The preview of a rule: one engine for form, command and dispatch."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from instances.clock import database_now
from instances.serialization import (
    Moment,
    Strict,
    VerbatimObject,
    VerbatimText,
    Whole,
    WholeInQuery,
)
from schedules.api.requests import WindowSerializer
from schedules.previews import Fire, preview
from workflows.api.serializers import WarningSerializer

MOST_SLOTS = 100


class NextSerializer(Strict):
    count = WholeInQuery(least=1, most=MOST_SLOTS, default=10)


class AskedSerializer(Strict):
    """What to preview. With `window`, each slot tells the dates it would ask for."""

    expression = VerbatimText()
    timezone = VerbatimText(default="UTC")
    count = Whole(least=1, most=MOST_SLOTS, default=10)
    after = Moment(required=False)
    window = VerbatimObject(required=False)


class FireSerializer(serializers.Serializer[Any]):
    utc = serializers.DateTimeField()
    local = serializers.SerializerMethodField()
    offset = serializers.SerializerMethodField()
    abbreviation = serializers.SerializerMethodField()
    window = WindowSerializer(allow_null=True)
    problem = serializers.CharField()

    def get_local(self, fire: Fire) -> str:
        """The wall clock's reading, without offset."""
        return fire.local.replace(tzinfo=None).isoformat()

    def get_offset(self, fire: Fire) -> str:
        return fire.local.strftime("%z")

    def get_abbreviation(self, fire: Fire) -> str:
        return fire.local.tzname() or ""


class PreviewSerializer(serializers.Serializer[Any]):
    normalized = serializers.CharField()
    description = serializers.CharField()
    fires = FireSerializer(many=True)
    warnings = WarningSerializer(many=True)


class CronPreviewView(APIView):
    """Judge a cron expression and show its next slots; 400 says what is wrong."""

    field_names = {"cron": "expression"}

    @extend_schema(request=AskedSerializer, responses=PreviewSerializer)
    def post(self, request: Request) -> Response:
        given = AskedSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        shown = preview(
            asked["expression"],
            asked["timezone"],
            after=asked.get("after") or database_now(),
            count=asked["count"],
            window_rule=asked.get("window"),
        )
        return Response(PreviewSerializer(shown).data)
