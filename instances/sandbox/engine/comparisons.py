"""Comparing a person's data with a literal, which AMC refuses."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from instances.sandbox.engine.catalog import Level
from instances.sandbox.engine.dialect import Call
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.levels import Surroundings, is_fixed, level

SECRET = frozenset({Level.HIGH, Level.VERY_HIGH})
SEARCHES = frozenset({"CONTAINED_IN", "ARRAY_CONTAINS", "SIMILAR TO", "NULLIF"})


def check(sql: str, select: exp.Select, around: Surroundings) -> None:
    """Refuse comparing a HIGH or VERY_HIGH column with a literal or a parameter.

    Also when the literal comes by way of a VALUES list or a subquery.
    """
    for node in _own_nodes(select):
        parts = list(_compared(node))
        secret = [part for part in parts if level(part, around) in SECRET]
        if secret and any(is_fixed(part, around) for part in parts):
            raise refused(sql, secret[0], _message(secret[0], around))


def _message(secret: exp.Expr, around: Surroundings) -> str:
    column = secret.find(exp.Column)
    name = column.name if column is not None else secret.sql()
    return (
        f"Column '{name}' has the aggregation threshold {level(secret, around).name}"
        " and can't be compared with a literal"
    )


def _own_nodes(select: exp.Select) -> Iterator[exp.Expr]:
    nodes = select.walk(
        prune=lambda node: isinstance(node, exp.Query) and node is not select
    )
    return (node for node in nodes if node is not select)


def _compared(node: exp.Expr) -> Iterator[exp.Expr]:
    """What a node compares with each other; nothing for other nodes."""
    if isinstance(node, exp.Case):
        if node.this is not None:
            yield node.this
            yield from (branch.this for branch in node.args["ifs"])
    elif isinstance(node, Call):
        if node.this in SEARCHES:
            yield from node.expressions
    elif isinstance(node, exp.Predicate) and not isinstance(
        node, (exp.Is, exp.SubqueryPredicate)
    ):
        yield from node.iter_expressions()
