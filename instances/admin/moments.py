"""Moments in the admin: in the zone of the person who reads, with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from instances.errors import UnknownTimezone
from instances.zones import zone


@cache
def moment(name: str, heading: str = "") -> Callable[[Any], str]:
    """A column of moments, for lists and for pages that only show.

    The same one each time, since Django compares the columns of a page.
    """

    @admin.display(description=heading or name.replace("_", " "), ordering=name)
    def show(row: Any) -> str:
        return on_the_wall(getattr(row, name))

    show.__name__ = f"{name}_shown"
    return show


def on_the_wall(value: datetime | None) -> str:
    """In the zone in force, which is the reader's."""
    return f"{timezone.localtime(value):%d %b %Y %H:%M:%S %Z}" if value else "–"


def zone_checked(column: Field[Any, Any], field: Any) -> Any:
    """The form field of a column; one of a time zone refuses what is none."""
    if column.name == "timezone" and field is not None:
        field.validators.append(_known_zone)
    return field


@contextmanager
def in_zone_of(request: HttpRequest) -> Iterator[None]:
    with timezone.override(_zone(request)):
        yield


def rendered(response: HttpResponse) -> HttpResponse:
    """Rendered now, while the reader's zone is in force."""
    if isinstance(response, SimpleTemplateResponse):
        response.render()
    return response


def _known_zone(name: str) -> None:
    try:
        zone(name)
    except UnknownTimezone as unknown:
        raise ValidationError(unknown.message) from unknown


def _zone(request: HttpRequest) -> ZoneInfo:
    try:
        return zone(getattr(request.user, "timezone", "UTC"))
    except UnknownTimezone:
        return zone("UTC")
