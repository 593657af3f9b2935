"""Query strings as people mean them: unknown and repeated parameters are refused."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = {"cursor", "page_size", "ordering"}


class StrictFilters(DjangoFilterBackend):
    """django-filter for lists, and a 400 for what it would silently pass over.

    Codes: unknown_parameter, repeated_parameter.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Model], view: Any
    ) -> QuerySet[Model]:
        filters = self.get_filterset_class(view, queryset)
        if getattr(view, "detail", False):
            return queryset  # one object: its action reads its own parameters
        known = set(PAGING)
        if filters is not None:
            known |= set(filters.get_filters())
        for name, values in request.query_params.lists():
            if name not in known:
                text = f"No such parameter. Known: {', '.join(sorted(known))}."
                raise ValidationError({name[:100]: [text]}, code="unknown_parameter")
            if len(values) > 1:
                text = "Give this parameter once."
                raise ValidationError({name: [text]}, code="repeated_parameter")
        filtered: QuerySet[Model] = super().filter_queryset(request, queryset, view)
        return filtered
