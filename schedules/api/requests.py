"""What requests beside edits may say: in their bodies, or in their query strings."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from instances.serialization import (
    Flag,
    FlagInQuery,
    Moment,
    Strict,
    Text,
    Values,
    WholeInQuery,
)
from schedules.api.fields import VisibleTargets
from workflows.results import LONGEST_PAGE
from workflows.windows import Window


class WindowSerializer(Strict):
    """Dates of data: `end` is exclusive."""

    start = serializers.DateField()
    end = serializers.DateField()


class TriggerSerializer(Strict):
    """What a run by hand may say beside the schedule."""

    targets = VisibleTargets(required=False)
    values = Values(required=False)
    window = WindowSerializer(required=False)
    slot = Moment(required=False)
    force = Flag(default=False)

    def asked(self) -> dict[str, Any]:
        """The arguments of `triggering.trigger_schedule`."""
        asked = dict(self.validated_data)
        window, targets = asked.pop("window", None), asked.pop("targets", None)
        return {
            "target_ids": [target.pk for target in targets] if targets else None,
            "window": Window(**window) if window else None,
            **asked,
        }


class CancelSerializer(Strict):
    """Of a deletion: whether runs at Amazon are cancelled too."""

    cancel = FlagInQuery(default=False)

    @classmethod
    def asked(cls, request: Request) -> bool:
        given = cls(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        return bool(given.validated_data["cancel"])


class ReasonSerializer(Strict):
    reason = Text(lines=True, max_length=1_000, allow_blank=True, default="")


class RowsSerializer(Strict):
    cursor = serializers.CharField(required=False, max_length=20)
    limit = WholeInQuery(least=1, most=LONGEST_PAGE, default=100)


class CsvSerializer(Strict):
    safe = FlagInQuery(default=False)
