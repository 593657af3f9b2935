"""Keyset pages: newest first, 50 by default, 100 at most.

A page is found by the values of its neighbour's last row, not by counting rows: page
1,000 costs what page 1 does, and rows that come meanwhile shift nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.core import signing
from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

PAGE_SIZE, LARGEST_PAGE = 50, 100
SALT = "cursor"


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a page begins: after a row, in reading direction or against it."""

    ordering: str
    is_backward: bool
    values: list[Any]

    def text(self) -> str:
        facts = [self.ordering, self.is_backward, *self.values]
        return signing.dumps(facts, salt=SALT)

    @classmethod
    def read(cls, text: str, ordering: str) -> Self:
        """Raises ValidationError for what we have not given out for this order."""
        try:
            word, is_backward, *values = signing.loads(text, salt=SALT)
        except (signing.BadSignature, ValueError, TypeError):
            word = None
        if word != ordering:
            problem = "This cursor is not of this list; begin without one."
            raise ValidationError({"cursor": [problem]}, code="cursor")
        return cls(ordering=ordering, is_backward=is_backward, values=values)


class NewestFirst(BasePagination):
    """A view may say `newest_first`, the columns of its order without any asking, and
    allow others in `orderings`: {word: columns}; the last column is unique, none is
    NULL, and all run the same way. A `-` before the word turns them round.

    Codes: page_size, ordering, cursor.
    """

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        size = _page_size(request)
        word = request.query_params.get("ordering", "")
        columns, is_descending = _order(word, view)
        cursor = _cursor(request, columns)
        is_backward = cursor is not None and cursor.is_backward
        if cursor:
            beyond = _beyond(columns, cursor.values, is_descending != is_backward)
            queryset = queryset.filter(beyond)
        turn = "-" if is_descending != is_backward else ""
        rows = list(queryset.order_by(*(f"{turn}{c}" for c in columns))[: size + 1])
        has_more, rows = len(rows) > size, rows[:size]
        if is_backward:
            rows.reverse()
        has_before = has_more if is_backward else cursor is not None
        has_after = is_backward or has_more
        first, last = rows[:1] if has_before else [], rows[-1:] if has_after else []
        self._previous = _link(request, first, columns, is_backward=True)
        self._next = _link(request, last, columns, is_backward=False)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"next": self._next, "previous": self._previous, "results": data}
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        words = sorted(getattr(view, "orderings", {}))
        shapes: dict[str, dict[str, Any]] = {
            "cursor": {"type": "string"},
            "page_size": {
                "type": "integer",
                "minimum": 1,
                "maximum": LARGEST_PAGE,
                "default": PAGE_SIZE,
            },
        }
        if words:
            turned = [f"-{word}" for word in words]
            shapes["ordering"] = {"type": "string", "enum": [*words, *turned]}
        return [
            {"name": name, "in": "query", "required": False, "schema": shape}
            for name, shape in shapes.items()
        ]


def _page_size(request: Request) -> int:
    given = request.query_params.get("page_size", str(PAGE_SIZE))
    is_number = given.isascii() and given.isdigit() and len(given) <= 4
    if not is_number or not 1 <= int(given) <= LARGEST_PAGE:
        text = f"Use a whole number from 1 to {LARGEST_PAGE}."
        raise ValidationError({"page_size": [text]}, code="page_size")
    return int(given)


def _order(given: str, view: Any) -> tuple[Sequence[str], bool]:
    """The columns to order by, and whether they run downwards."""
    orderings: dict[str, Sequence[str]] = getattr(view, "orderings", {})
    if not given:
        return getattr(view, "newest_first", ("id",)), True
    word = given.removeprefix("-")
    if word not in orderings:
        text = f"Order by one of: {', '.join(sorted(orderings)) or 'nothing'}."
        raise ValidationError({"ordering": [text]}, code="ordering")
    return orderings[word], given != word


def _cursor(request: Request, columns: Sequence[str]) -> Cursor | None:
    given = request.query_params.get("cursor")
    return Cursor.read(given, ",".join(columns)) if given is not None else None


def _beyond(columns: Sequence[str], values: Sequence[Any], is_descending: bool) -> Q:
    """What comes after the row with these values.

    The first column is also compared alone, which lets an index begin there.
    """
    way = "lt" if is_descending else "gt"
    beyond, equal = Q(), Q()
    for column, value in zip(columns, values, strict=True):
        beyond |= equal & Q(**{f"{column}__{way}": value})
        equal &= Q(**{column: value})
    return Q(**{f"{columns[0]}__{way}e": values[0]}) & beyond


def _link(
    request: Request, rows: Sequence[Any], columns: Sequence[str], *, is_backward: bool
) -> str | None:
    """The address of the page that begins after this row; None without one."""
    if not rows:
        return None
    cursor = Cursor(
        ordering=",".join(columns),
        is_backward=is_backward,
        values=[_plain(getattr(rows[0], column)) for column in columns],
    )
    here = remove_query_param(request.build_absolute_uri(), "cursor")
    return replace_query_param(here, "cursor", cursor.text())


def _plain(value: Any) -> Any:
    """As JSON has it; a datetime keeps its microseconds."""
    return value.isoformat() if hasattr(value, "isoformat") else value
