"""Arguments of the wrong kind, refused in Calcite's words."""

from __future__ import annotations

from sqlglot import exp

from instances.sandbox.engine.dialect import AnyCall
from instances.sandbox.engine.errors import refused, signature
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.kinds import family, unwrapped

WRONG = {
    "text": {"array"},
    "number": {"array", "time", "bool"},
    "time": {"array", "number", "bool"},
    "array": {"text", "number", "time", "bool"},
    "bool": {"array", "number", "time"},
}
"""For each wanted kind of argument the kinds that can't stand for it."""


TIME_FRAMES = frozenset(
    {"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)


def check(sql: str, tree: exp.Expr) -> None:
    """Refuse calls whose arguments can't be what the function wants."""
    for node in tree.find_all(*AnyCall):
        row = find(node.this, len(node.expressions))
        if node.this == "DATE_TRUNC" and not _is_time_frame(node.expressions[0]):
            raise refused(sql, node, "DATE_TRUNC needs a time frame in quotes first")
        for place, argument in enumerate(node.expressions):
            wanted = row.wanted(place) if row else "any"
            if family(unwrapped(argument)) in WRONG.get(wanted, ()):
                raise refused(sql, node, _message(node))


def _is_time_frame(node: exp.Expr) -> bool:
    return node.is_string and node.name.upper() in TIME_FRAMES


def _message(node: exp.Expr) -> str:
    kinds = [_kind(unwrapped(argument)) for argument in node.expressions]
    return (
        f"Cannot apply '{node.this}' to arguments of type"
        f" '{signature(node.this, kinds)}'"
    )


def _kind(node: exp.Expr) -> str:
    """The type as people write it; sqlglot has a word of its own for TIMESTAMP."""
    kind = node.type.sql() if node.type is not None else "ANY"
    return kind.replace("TIMESTAMPNTZ", "TIMESTAMP")
