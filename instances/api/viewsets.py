"""What all viewsets have in common: ids that are numbers, parameters that are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import viewsets
from rest_framework.request import Request

from instances.query import refuse_unknown

# What is no positive integer leads nowhere, so it is a 404.
ID = r"[1-9][0-9]{0,17}"

ModelT = TypeVar("ModelT", bound=Model)


class StrictViewSet(viewsets.GenericViewSet[ModelT]):
    """A list checks its parameters by its filters; the other actions name theirs here.

    Unknown ones are refused before anything is done.
    """

    lookup_value_regex = ID
    parameters: Mapping[str, Collection[str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action and self.action != "list":
            refuse_unknown(request, self.parameters.get(self.action or "", ()))
