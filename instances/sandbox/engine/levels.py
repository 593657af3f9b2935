"""How secret an expression is: the threshold level of what it may reveal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from instances.sandbox.engine.catalog import Level, Table
from instances.sandbox.engine.dialect import AggregateCall, Call
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.kinds import branches, family, unwrapped

PEOPLE = frozenset(
    [
        "user_id",
        "request_tag",
        "device_id",
        "event_id",
        "traffic_event_id",
        "impression_id",
        "conversion_id",
        "session_id",
        "visit_id",
    ]
)
"""Columns whose values belong to one person each: grouping by one keeps people apart."""

People = Literal["one", "some", "nobody"]
"""Who is behind a row: one person (whose id is known), a number of them, or no one."""

PREDICATES = (exp.Predicate, exp.Connector, exp.Not)


@dataclass(frozen=True, kw_only=True)
class Output:
    """What is known of an output column."""

    level: Level
    person: bool = False
    metric: bool = False


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is known of a source or a query: its columns, and who is behind its rows."""

    outputs: Mapping[str, Output]
    people: People


NOTHING = Output(level=Level.NONE)


def shape_of_table(table: Table) -> Shape:
    """The shape of a data source: every row is one person's."""
    return Shape(
        outputs={
            column.name: Output(
                level=column.level,
                person=column.name in PEOPLE,
                metric=column.is_metric,
            )
            for column in table.columns.values()
        },
        people="one",
    )


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an expression's columns mean: sources by alias, subqueries by identity."""

    sources: Mapping[str, Shape]
    subqueries: Mapping[int, Shape]

    def column(self, node: exp.Column) -> Output:
        source = self.sources.get(node.table)
        return source.outputs.get(node.name, NOTHING) if source else NOTHING


def output(node: exp.Expr, around: Surroundings) -> Output:
    """What a select item reveals."""
    item = node.unalias()
    return Output(
        level=level(item, around),
        person=is_person(item, around),
        metric=family(item) == "number" and is_metric(item, around),
    )


def level(node: exp.Expr, around: Surroundings) -> Level:
    """The highest level of what the value is made of.

    Conditions do not count, nor do counts, rankings and comparisons: what they give is
    no value of the column.
    """
    if isinstance(node, exp.Column):
        return around.column(node).level
    if isinstance(node, PREDICATES):
        return Level.NONE
    if isinstance(node, exp.Query):
        return _level_of_query(node, around)
    return max((level(part, around) for part in _value_parts(node)), default=Level.NONE)


def _level_of_query(node: exp.Query, around: Surroundings) -> Level:
    shape = around.subqueries.get(id(node.unnest()))
    if shape is None:
        return Level.INTERNAL
    return max((column.level for column in shape.outputs.values()), default=Level.NONE)


def _value_parts(node: exp.Expr) -> list[exp.Expr]:
    """The parts of an expression that its value can come from."""
    if isinstance(node, (exp.Case, exp.If)):
        return branches(node)
    if isinstance(node, (exp.Window, exp.Filter, exp.TryCast)):
        return [node.this]
    if isinstance(node, exp.PropertyEQ):
        return [node.expression]
    if isinstance(node, (Call, AggregateCall)):
        row = find(node.this, len(node.expressions))
        arguments = node.expressions
        if row is None or row.level_from is None:
            return list(arguments)
        return [arguments[place] for place in row.level_from]
    return list(node.iter_expressions())


def is_person(node: exp.Expr, around: Surroundings) -> bool:
    """Whether the value names one person."""
    if isinstance(node, exp.Column):
        return around.column(node).person
    if isinstance(node, (exp.Paren, exp.TryCast)):
        return is_person(node.this, around)
    if isinstance(node, Call) and node.this == "COALESCE":
        return all(is_person(argument, around) for argument in node.expressions)
    return False


def is_metric(node: exp.Expr, around: Surroundings) -> bool:
    """Whether the number is one that was counted or added up."""
    if isinstance(node, AggregateCall):
        return True
    if isinstance(node, exp.Column):
        return around.column(node).metric
    return any(is_metric(part, around) for part in _value_parts(node))


def check_comparisons(sql: str, select: exp.Select, around: Surroundings) -> None:
    """Refuse comparing a HIGH or VERY_HIGH column with a literal or a parameter."""
    for node in _own_nodes(select):
        if isinstance(node, (exp.Binary, exp.In, exp.Between)) or (
            isinstance(node, Call) and node.this in {"CONTAINED_IN", "ARRAY_CONTAINS"}
        ):
            _check_comparison(sql, node, around)


def _own_nodes(select: exp.Select) -> list[exp.Expr]:
    return [
        node
        for node in select.walk(
            prune=lambda n: isinstance(n, exp.Query) and n is not select
        )
        if node is not select
    ]


def _check_comparison(sql: str, node: exp.Expr, around: Surroundings) -> None:
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Predicate):
        return
    if isinstance(node, (exp.Is, exp.PropertyEQ)):
        return
    parts = [
        part for part in node.iter_expressions() if not isinstance(part, exp.Query)
    ]
    secret = [part for part in parts if level(part, around) >= Level.HIGH]
    fixed = [part for part in parts if _is_fixed(part)]
    if secret and fixed:
        column = secret[0].find(exp.Column)
        name = column.name if column is not None else secret[0].sql()
        message = (
            f"Column '{name}' has the aggregation threshold"
            f" {level(secret[0], around).name} and can't be compared with a literal"
        )
        raise refused(sql, column, message)


def _is_fixed(node: exp.Expr) -> bool:
    return node.find(exp.Column, exp.Query) is None and not isinstance(
        unwrapped(node), exp.Null
    )
