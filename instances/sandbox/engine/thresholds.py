"""Aggregation thresholds: no row of the result may speak of too few people."""

from __future__ import annotations

from sqlglot import exp

from instances.sandbox.engine import hidden
from instances.sandbox.engine.catalog import Level
from instances.sandbox.engine.contract import Privacy
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.levels import Shape
from instances.sandbox.engine.people import Pass
from instances.sandbox.engine.regroup import derived

ROOT = "__q"

NEEDED = {Level.NONE: 1, Level.LOW: 2, Level.MEDIUM: 100, Level.HIGH: 100}
"""People that a row must have, by the highest level among its columns."""


def apply(sql: str, tree: exp.Expr, privacy: Privacy) -> tuple[exp.Query, Shape]:
    """The tree with its thresholds, and the shape of its result.

    A query that reads no data source passes untouched.
    """
    found = Pass(sql, tree)
    root = found.root
    assert isinstance(root, exp.Query)  # noqa: S101 - a query is replaced by a query
    _check_outputs(sql, root, found.shape)
    if found.shape.people == "nobody":
        return root, found.shape
    return _filtered(root, found.shape, privacy), found.shape


def _check_outputs(sql: str, root: exp.Query, shape: Shape) -> None:
    for place, (name, output) in enumerate(shape.outputs.items()):
        if output.level not in NEEDED:
            items = root.selects
            message = (
                f"Column '{name}' has the aggregation threshold {output.level.name}"
                " and can't be part of the output"
            )
            raise refused(sql, items[place] if place < len(items) else None, message)


def _filtered(root: exp.Query, shape: Shape, privacy: Privacy) -> exp.Select:
    """The root's visible columns, of the rows that reach their threshold."""
    count = hidden.number(hidden.column(ROOT))
    if shape.people == "one":
        count = exp.Literal.number(1)
    outer = exp.Select(
        expressions=[
            exp.alias_(_item(name, output.level, count, privacy), name, quoted=True)
            for name, output in shape.outputs.items()
        ]
    ).from_(derived(root, ROOT))
    if privacy == "REMOVE_VALUES":
        return outer
    needed = max(NEEDED[output.level] for output in shape.outputs.values())
    return outer.where(_reaches(count, needed))


def _item(name: str, level: Level, count: exp.Expr, privacy: Privacy) -> exp.Expr:
    value = hidden.column(ROOT, name)
    # NONE is documented to be put out without any restriction: also when the persons
    # behind the row are not known. Without its row there is nothing to put out.
    if privacy == "REMOVE_ROWS" or level is Level.NONE:
        return value
    return exp.Case(ifs=[exp.If(this=_reaches(count, NEEDED[level]), true=value)])


def _reaches(count: exp.Expr, needed: int) -> exp.Expr:
    return exp.GTE(this=count.copy(), expression=exp.Literal.number(needed))
