"""Query strings as people mean them: what is not understood is refused, not passed by.

Codes: unknown_parameter, repeated_parameter, empty_parameter, those of the filters.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from instances.date_times import moment_of
from instances.serialization import is_forbidden

PAGING = frozenset({"cursor", "page_size", "ordering"})


class StrictFilters(filters.DjangoFilterBackend):
    """django-filter for lists, and a 400 for what it would silently pass over."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Model], view: Any
    ) -> QuerySet[Model]:
        if getattr(view, "action", None) != "list":
            return queryset  # one object, whose action has parameters of its own
        filtered: QuerySet[Model] = super().filter_queryset(request, queryset, view)
        return filtered

    def get_filterset(
        self, request: Request, queryset: QuerySet[Model], view: Any
    ) -> Any:
        filterset = super().get_filterset(request, queryset, view)
        known = set(filterset.filters) if filterset else set()
        refuse_unknown(request, known | (PAGING if view.paginator else set()))
        return filterset


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError for parameters that are not known, come twice, or empty.

    A script whose variable is not set must not get everything instead of one thing.
    """
    for name, values in request.query_params.lists():
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            text = f"No such parameter. Known: {listed}."
            raise ValidationError({name[:100]: [text]}, code="unknown_parameter")
        if len(values) > 1:
            text = "Give this parameter once."
            raise ValidationError({name: [text]}, code="repeated_parameter")
        if values == [""]:
            text = "Give this parameter a value, or leave it out."
            raise ValidationError({name: [text]}, code="empty_parameter")


class _IdField(forms.Field):
    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise forms.ValidationError("An id is a whole number.", code="type")
        return int(text)


class IdFilter(filters.Filter):
    """By the id of something; one that does not exist just matches nothing."""

    field_class = _IdField


class _MomentField(forms.Field):
    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            return moment_of(value)
        except ValueError as error:
            said = {"text": str(error)}  # in the message itself, % would be a format
            raise forms.ValidationError(
                "%(text)s", code="date_time", params=said
            ) from error


class MomentFilter(filters.Filter):
    """By a moment with its offset."""

    field_class = _MomentField


class _FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError("Use true or false.", code="type")
        return bool(value == "true")


class FlagFilter(filters.Filter):
    """By true or false."""

    field_class = _FlagField


class WordsFilter(filters.BaseInFilter, filters.ChoiceFilter):
    """By one or more of the known words, with commas between them."""


class _SearchField(forms.CharField):
    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if any(map(is_forbidden, text)):
            raise forms.ValidationError(
                "Control characters are not allowed.", code="control"
            )
        return text


class SearchFilter(filters.Filter):
    """By a part of a text, in capital or small letters."""

    field_class = _SearchField

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"lookup_expr": "icontains", "max_length": 255} | options)
