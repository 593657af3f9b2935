"""Keyset pages: newest first, 50 by default, 100 at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Cursor pages. A view allows other orders in `orderings`: {word: columns}.

    A `-` before the word turns all its columns round. Codes: page_size, ordering.
    """

    page_size = 50
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(self.page_size))
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= 100):
            text = f"Use a whole number from 1 to {self.max_page_size}."
            raise ValidationError({"page_size": [text]}, code="page_size")
        return int(given)

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> tuple[str, ...]:
        orderings: dict[str, Sequence[str]] = getattr(view, "orderings", {})
        given = request.query_params.get("ordering", "")
        word = given.removeprefix("-")
        if not given:
            return (self.ordering,)
        if word not in orderings:
            text = f"Order by one of: {', '.join(sorted(orderings)) or 'nothing'}."
            raise ValidationError({"ordering": [text]}, code="ordering")
        columns = orderings[word]
        if given[0] == "-":
            return tuple(_turned(column) for column in columns)
        return tuple(columns)


def _turned(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"
