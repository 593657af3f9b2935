"""DISTINCT as grouping: the hidden column must not keep rows apart that are equal."""

from __future__ import annotations

from sqlglot import exp

from instances.sandbox.engine import hidden
from instances.sandbox.engine.dialect import call
from instances.sandbox.engine.hidden import HIDDEN, column
from instances.sandbox.engine.levels import People, Shape

SOURCE = "__d"


def regrouped(query: exp.Expr, shape: Shape) -> tuple[exp.Expr, Shape]:
    """A query in the place of `query` whose rows are its distinct rows.

    `query`'s last column is the hidden one; the new one's is too.
    """
    parent, key, index = query.parent, query.arg_key, query.index
    with_ = query.args.get("with_")
    query.set("with_", None)
    people, behind = _behind(shape)
    names = list(shape.outputs)
    grouped = exp.Select(
        expressions=[
            *(exp.alias_(column(SOURCE, name), name, quoted=True) for name in names),
            exp.alias_(behind, HIDDEN, quoted=True),
        ],
        group=exp.Group(expressions=[column(SOURCE, name) for name in names]),
    )
    grouped.set("with_", with_)
    if parent is not None and key is not None:
        parent.set(key, grouped, index)
    grouped.set("from_", exp.From(this=derived(query, SOURCE)))
    return grouped, Shape(outputs=shape.outputs, people=people)


def _behind(shape: Shape) -> tuple[People, exp.Expr]:
    row = column(SOURCE)
    if shape.people == "some":
        return "some", hidden.of_equal_rows(row)
    if any(output.person for output in shape.outputs.values()):
        return "one", call("MIN", row)
    return "some", hidden.of_persons(row)


def derived(query: exp.Expr, alias: str) -> exp.Subquery:
    """The query as a source, itself and not a copy."""
    return exp.Subquery(
        this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    )
