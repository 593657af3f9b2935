"""How secret an expression is: the threshold level of what it may reveal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from instances.sandbox.engine.catalog import Level, Table
from instances.sandbox.engine.dialect import AggregateCall, AnyCall, Call
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.kinds import branches, family

PEOPLE = frozenset(
    {
        "user_id",
        "request_tag",
        "device_id",
        "event_id",
        "traffic_event_id",
        "impression_id",
        "conversion_id",
        "session_id",
        "visit_id",
    }
)
"""Columns whose values belong to one person each: grouped by one, people stay apart."""

People = Literal["one", "some", "nobody"]
"""Who is behind a row: one person (whose id is known), a number of them, or no one."""

PREDICATES = (exp.Predicate, exp.Connector, exp.Not)


@dataclass(frozen=True, kw_only=True)
class Output:
    """What is known of an output column.

    `person`: its values name one person each; `metric`: it was counted or added up;
    `fixed`: its values come from the text of the query, not from the data.
    """

    level: Level = Level.NONE
    person: bool = False
    metric: bool = False
    fixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is known of a source or a query: its columns, and who is behind its rows."""

    outputs: Mapping[str, Output]
    people: People


UNKNOWN = Output()
FIXED = Output(fixed=True)


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
        return source.outputs.get(node.name, UNKNOWN) if source else UNKNOWN

    def query(self, node: exp.Query) -> list[Output]:
        """The columns of a subquery; nothing known counts as the most secret."""
        shape = self.subqueries.get(id(node.unnest()))
        return list(shape.outputs.values()) if shape else [Output(level=Level.INTERNAL)]


def output(node: exp.Expr, around: Surroundings) -> Output:
    """What a select item reveals."""
    item = node.unalias()
    return Output(
        level=level(item, around),
        person=is_person(item, around),
        metric=family(item) == "number" and is_metric(item, around),
        fixed=is_fixed(item, around),
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
        return max((column.level for column in around.query(node)), default=Level.NONE)
    return max((level(part, around) for part in _value_parts(node)), default=Level.NONE)


def _value_parts(node: exp.Expr) -> list[exp.Expr]:
    """The parts of an expression that its value can come from."""
    if isinstance(node, (exp.Case, exp.If)):
        return branches(node)
    if isinstance(node, (exp.Window, exp.Filter, exp.TryCast)):
        return [node.this]
    if isinstance(node, exp.PropertyEQ):
        return [node.expression]
    if isinstance(node, AnyCall):
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


def is_fixed(node: exp.Expr, around: Surroundings) -> bool:
    """Whether the value comes from the text of the query alone."""
    if isinstance(node, exp.Null):
        return False
    if isinstance(node, exp.Query):
        return all(column.fixed for column in around.query(node))
    if isinstance(node, exp.Column):
        return around.column(node).fixed
    if isinstance(node, AnyCall) and node.this == "COUNT":
        return False
    return all(is_fixed(part, around) for part in node.iter_expressions())
