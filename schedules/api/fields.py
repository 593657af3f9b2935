"""Ids of what the requester may see, for input."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from rest_framework import serializers

from instances.models import Connection, Instance
from instances.requester import requester
from instances.serialization import LARGEST_ID, Related, Whole
from schedules.models import Schedule, Target
from workflows.models import Workflow

MOST_AT_ONCE = 1_000


class VisibleWorkflow(Related):
    """The id of a workflow that the requester may see."""

    def rows(self) -> Any:
        seen = Workflow.objects.visible_to(requester(self.context["request"]))
        return seen.select_related("version", "instance")


class VisibleSchedule(Related):
    """The id of a schedule that the requester may see."""

    def rows(self) -> Any:
        return Schedule.objects.visible_to(requester(self.context["request"]))


class OwnConnection(Related):
    """The id of a connection of the requester, or of the one that is chosen now."""

    def rows(self) -> Any:
        own = Q(owner=requester(self.context["request"]), deleted_at=None)
        edited = getattr(self.parent, "instance", None)
        chosen = getattr(edited, "connection_id", None)
        return Connection.objects.filter(own | Q(pk=chosen) if chosen else own)


class Ids(serializers.ListField):
    """Up to 1,000 ids, at least one."""

    child = Whole(least=1, most=LARGEST_ID)
    most = MOST_AT_ONCE
    default_error_messages = {"max_length": f"Name at most {MOST_AT_ONCE:,}."}

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty=False, **options)

    def to_internal_value(self, data: Any) -> Any:
        """Before any id is looked up: how many there are."""
        if isinstance(data, list) and len(data) > self.most:
            self.fail("max_length")
        return super().to_internal_value(data)


class RelatedMany(Ids):
    """Ids of rows among those that `rows()` lets the requester name; one query."""

    default_error_messages = {"not_found": "There is none with the id {id}."}

    def rows(self) -> Any:
        """What may be named."""
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        ids = super().to_internal_value(data)
        found = {row.pk: row for row in self.rows().filter(pk__in=ids)}
        for key in ids:
            if key not in found:
                self.fail("not_found", id=key)
        return [found[key] for key in ids]


class VisibleInstances(RelatedMany):
    """Ids of instances that the requester may see."""

    def rows(self) -> Any:
        return Instance.objects.visible_to(requester(self.context["request"]))


class VisibleTargets(RelatedMany):
    """Ids of targets of the schedule in question that the requester may see."""

    def rows(self) -> Any:
        seen = Target.objects.visible_to(requester(self.context["request"]))
        return seen.filter(schedule=self.context["schedule"])
