"""AMC's own words for what is wrong with a query, with line and column."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from instances.sandbox.engine.contract import QueryRefused

Place = tuple[int, int]
"""First and last character of something in the query's text, counted from 0."""


def place_of(node: exp.Expr) -> Place | None:
    """Where a node stands in the text: from its first to its last known character."""
    places = [place for part in node.walk() if (place := _own_place(part))]
    if not places:
        return None
    return min(first for first, _ in places), max(last for _, last in places)


def _own_place(node: exp.Expr) -> Place | None:
    first, last = node.meta_get("start"), node.meta_get("end")
    return None if first is None or last is None else (first, last)


def line_and_column(sql: str, offset: int) -> tuple[int, int]:
    """Line and column, both counted from 1, of a character of the text."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def refused(sql: str, node: exp.Expr | None, message: str) -> QueryRefused:
    """The refusal that points at `node`, where its place is known."""
    place = place_of(node) if node is not None else None
    if place is None:
        return QueryRefused(message)
    (line, column), (last_line, last_column) = (
        line_and_column(sql, offset) for offset in place
    )
    if (line, column) == (last_line, last_column):
        return QueryRefused(f"At line {line}, column {column}: {message}")
    return QueryRefused(
        f"From line {line}, column {column} to line {last_line}, column {last_column}:"
        f" {message}"
    )


def encountered(sql: str, found: str, offset: int) -> QueryRefused:
    """A parse error at a word of the text."""
    line, column = line_and_column(sql, offset)
    shown = found.replace("\n", " ") or "<EOF>"
    return QueryRefused(f'Encountered "{shown}" at line {line}, column {column}')


def signature(name: str, kinds: Iterable[str]) -> str:
    """A call as Calcite prints it: `FOO(<NUMERIC>, <CHARACTER>)`."""
    return f"{name.upper()}({', '.join(f'<{kind}>' for kind in kinds)})"
