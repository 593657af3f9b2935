"""Types of expressions: sqlglot's annotation, with the results of our functions."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types

from instances.sandbox.engine.dialect import AggregateCall, Amc, Call
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.schema import schema

Family = Literal["text", "number", "bool", "time", "array", "null", "other"]

NUMBERS = frozenset(exp.DataType.NUMERIC_TYPES)
TIMES = frozenset(exp.DataType.TEMPORAL_TYPES)
TEXTS = frozenset(exp.DataType.TEXT_TYPES)
WHOLE = frozenset(exp.DataType.INTEGER_TYPES)


def family(node: exp.Expr) -> Family:
    """What kind of value an annotated expression has."""
    return "null" if isinstance(node, exp.Null) else family_of(node.type)


def family_of(kind: exp.DataType | None) -> Family:
    """What kind of value a type holds."""
    if kind is None:
        return "other"
    this = kind.this
    if this in NUMBERS:
        return "number"
    if this in TEXTS:
        return "text"
    if this in TIMES:
        return "time"
    if this == exp.DType.BOOLEAN:
        return "bool"
    if this in {exp.DType.ARRAY, exp.DType.LIST}:
        return "array"
    return "null" if this == exp.DType.NULL else "other"


def annotate(tree: exp.Expr) -> None:
    """Give every node of the tree its type, in place."""
    annotate_types(tree, schema=schema(), expression_metadata=METADATA, dialect=Amc)


def unwrapped(argument: exp.Expr) -> exp.Expr:
    """An argument without its DISTINCT or IGNORE NULLS."""
    inner: exp.Expr = argument
    if isinstance(argument, (exp.IgnoreNulls, exp.RespectNulls)):
        inner = argument.this
    elif isinstance(argument, exp.Distinct) and len(argument.expressions) == 1:
        inner = argument.expressions[0]
    return inner


def _annotate_call(annotator: TypeAnnotator, node: exp.Expr) -> None:
    annotator._set_type(node, _result(node))


def _result(node: exp.Expr) -> exp.DataType | exp.DType:
    row = find(node.this, len(node.expressions))
    arguments = [unwrapped(argument) for argument in node.expressions]
    first = arguments[0].type if arguments else None
    unknown = exp.DType.UNKNOWN
    if row is None:
        return unknown
    match row.returns:
        case "#1" | "=1":
            return first or unknown
        case "[#1]":
            return exp.DataType(
                this=exp.DType.ARRAY, expressions=[first] if first else [], nested=True
            )
        case "item":
            inner = first.expressions if first else ()
            return inner[0] if inner else unknown
        case "common":
            same = [a for i, a in enumerate(arguments) if row.wanted(i) == "same"]
            return common(same) or unknown
        case "sum":
            return (
                exp.DType.BIGINT
                if first and first.this in WHOLE
                else (first or unknown)
            )
        case named:
            return exp.DataType.build(named, dialect="duckdb")


def common(nodes: list[exp.Expr]) -> exp.DataType | None:
    """The type that values can share: text when they mix, else the widest."""
    typed = [node.type for node in nodes if family(node) != "null"]
    kinds = [kind for kind in typed if kind is not None]
    if not kinds or len(kinds) < len(typed):
        return None
    families = {family_of(kind) for kind in kinds}
    if families == {"number"}:
        return _widest(kinds)
    if "other" in families:
        return None
    if len(families) > 1:
        return exp.DataType.build("VARCHAR", dialect="duckdb")
    if families == {"time"} and len({kind.this for kind in kinds}) > 1:
        return exp.DataType.build("TIMESTAMP", dialect="duckdb")
    return kinds[0]


def _widest(kinds: list[exp.DataType]) -> exp.DataType:
    if all(kind.this in WHOLE for kind in kinds):
        return exp.DataType.build("BIGINT", dialect="duckdb")
    if any(kind.this in {exp.DType.DOUBLE, exp.DType.FLOAT} for kind in kinds):
        return exp.DataType.build("DOUBLE", dialect="duckdb")
    return next(kind for kind in kinds if kind.this not in WHOLE)


def _annotate_choice(annotator: TypeAnnotator, node: exp.Expr) -> None:
    kind = common(branches(node))
    annotator._set_type(node, kind or exp.DType.UNKNOWN)


def branches(node: exp.Expr) -> list[exp.Expr]:
    """The possible results of a CASE or an IF."""
    if isinstance(node, exp.If):
        chosen = [node.args.get("true"), node.args.get("false")]
    else:
        chosen = [branch.args.get("true") for branch in node.args["ifs"]]
        chosen.append(node.args.get("default"))
    return [branch for branch in chosen if branch is not None]


METADATA = {
    **Amc.EXPRESSION_METADATA,
    Call: {"annotator": _annotate_call},
    AggregateCall: {"annotator": _annotate_call},
    exp.Case: {"annotator": _annotate_choice},
    exp.If: {"annotator": _annotate_choice},
}
