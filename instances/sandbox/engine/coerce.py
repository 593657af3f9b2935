"""Coercion: AMC compares and mixes text and numbers freely, DuckDB does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from instances.sandbox.engine.dialect import AggregateCall, Call, call
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.kinds import (
    WHOLE,
    annotate,
    branches,
    common,
    family,
    family_of,
    unwrapped,
)

COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def coerce(tree: exp.Expr) -> exp.Expr:
    """The tree with every mix of types made explicit, its types annotated.

    Twice: what the first pass casts changes the types of what stands around it.
    """
    tree = tree.transform(_try_cast, copy=False)
    for _ in range(2):
        annotate(tree)
        for node in reversed(list(tree.walk())):
            rule = RULES.get(type(node))
            if rule is not None:
                rule(node)
    annotate(tree)
    return tree


def _try_cast(node: exp.Expr) -> exp.Expr:
    """Blank or unreadable text becomes NULL, not a failure."""
    if type(node) is exp.Cast:
        return exp.TryCast(this=node.this, to=node.args["to"])
    if isinstance(node, exp.SimilarTo):
        return call("SIMILAR TO", node.this, node.expression)
    return node


def _cast(node: exp.Expr, kind: exp.DataType | str) -> None:
    """Wrap the node, in its place, in a cast that never fails."""
    to = kind if isinstance(kind, exp.DataType) else exp.DataType.build(kind)
    wrapped = exp.TryCast(this=node.copy(), to=to.copy())
    wrapped.type = to
    node.replace(wrapped)


def _compared(node: exp.Expr) -> None:
    _agree(node.args["this"], node.args["expression"])


def _agree(left: exp.Expr, right: exp.Expr) -> None:
    """Make two sides comparable: the number decides, then the time."""
    kinds = {family(left), family(right)}
    if kinds == {"text", "number"}:
        text, number = (left, right) if family(left) == "text" else (right, left)
        whole = number.type is not None and number.type.this in WHOLE
        _cast(text, "BIGINT" if whole else "DOUBLE")
    elif kinds == {"text", "time"}:
        text, moment = (left, right) if family(left) == "text" else (right, left)
        is_literal = isinstance(text, exp.Literal)
        _cast(text, "TIMESTAMP" if is_literal else moment.type or "TIMESTAMP")
    elif kinds == {"text", "bool"}:
        _cast(left if family(left) == "text" else right, "BOOLEAN")


def _between(node: exp.Expr) -> None:
    for bound in ("low", "high"):
        _agree(node.this, node.args[bound])


def _contained(node: exp.Expr) -> None:
    if node.args.get("query"):
        _contained_in_query(node)
        return
    if family(node.this) == "number":
        _leave_out_words(node)
    for item in node.expressions:
        if family(node.this) == "text" and family(item) == "number":
            _cast(item, "VARCHAR")
        else:
            _agree(node.this, item)


def _leave_out_words(node: exp.Expr) -> None:
    """Text that is no number equals none; as NULL it would spoil a NOT IN."""
    numbers = [
        item for item in node.expressions if not item.is_string or _is_number(item.name)
    ]
    if numbers:
        node.set("expressions", numbers)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text.strip()).is_finite()
    except InvalidOperation:
        return False


def _contained_in_query(node: exp.Expr) -> None:
    query = node.args["query"].unnest()
    items = query.selects
    if len(items) != 1:
        return
    inner, outer = family(items[0]), family(node.this)
    if {inner, outer} == {"text", "number"} and isinstance(query, exp.Select):
        item = items[0].unalias()
        _cast(item if inner == "text" else node.this, "BIGINT")


def _calculated(node: exp.Expr) -> None:
    for side in ("this", "expression"):
        part = node.args[side]
        other = node.args["expression" if side == "this" else "this"]
        if family(part) == "text":
            _cast(part, "TIMESTAMP" if isinstance(other, exp.Interval) else "DOUBLE")


def _negated(node: exp.Expr) -> None:
    if family(node.this) == "text":
        _cast(node.this, "DOUBLE")


def _searched(node: exp.Expr) -> None:
    for part in (node.this, node.expression):
        if family(part) in {"number", "time", "bool"}:
            _cast(part, "VARCHAR")


def _chosen(node: exp.Expr) -> None:
    if isinstance(node, exp.Case) and node.this is not None:
        for branch in node.args["ifs"]:
            _agree(node.this, branch.this)
    _unify(branches(node))


def _chosen_if(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Case):
        _unify(branches(node))


def _unify(nodes: list[exp.Expr]) -> None:
    """Cast what differs to the common type, where the database would not do it."""
    kind = common(nodes)
    if kind is None:
        return
    for node in nodes:
        if family(node) not in {"null", family_of(kind)}:
            _cast(node, kind)


WANTED = {
    "text": ({"number", "time", "bool"}, "VARCHAR"),
    "number": ({"text"}, "DOUBLE"),
    "time": ({"text"}, "TIMESTAMP"),
    "bool": ({"text"}, "BOOLEAN"),
}
"""For each wanted kind of argument: what must be cast, and to what."""


def _called(node: exp.Expr) -> None:
    row = find(node.this, len(node.expressions))
    if row is None:
        return
    same = []
    for place, argument in enumerate(node.expressions):
        wanted = row.wanted(place)
        value = unwrapped(argument)
        if wanted == "same":
            same.append(value)
        elif wanted in WANTED and family(value) in WANTED[wanted][0]:
            _cast(value, WANTED[wanted][1])
    _unify(same)
    if row.returns == "=1" and not isinstance(node.parent, exp.TryCast):
        _cast(node, node.expressions[0].type or "TIMESTAMP")
        return
    if node.this in {"ARRAY_CONTAINS", "ARRAY_REMOVE"}:
        _element(*node.expressions)


def _element(array: exp.Expr, value: exp.Expr) -> None:
    """The element type decides what a value is looked up as."""
    inner = array.type.expressions if array.type is not None else ()
    if inner and family_of(inner[0]) != family(value) and family(value) != "other":
        _cast(value, inner[0])


RULES: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    **dict.fromkeys(COMPARISONS, _compared),
    **dict.fromkeys(ARITHMETIC, _calculated),
    exp.Neg: _negated,
    exp.Between: _between,
    exp.In: _contained,
    exp.Like: _searched,
    exp.Case: _chosen,
    exp.If: _chosen_if,
    Call: _called,
    AggregateCall: _called,
}
