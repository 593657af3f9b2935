"""Aggregation thresholds: no row of the result may speak of too few people.

Every query of the tree gets a hidden column `__u`: the person behind a row as long as
rows belong to one person, and the number of people once rows are groups. At the root a
row stays when that number reaches what its columns ask for.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from instances.sandbox.engine.catalog import Level, tables
from instances.sandbox.engine.contract import Privacy
from instances.sandbox.engine.dialect import call
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.grouping import is_aggregated
from instances.sandbox.engine.levels import (
    NOTHING,
    Output,
    People,
    Shape,
    Surroundings,
    check_comparisons,
    is_person,
    output,
    shape_of_table,
)

HIDDEN = "__u"
NEEDED = {Level.NONE: 1, Level.LOW: 2, Level.MEDIUM: 100, Level.HIGH: 100}
"""People that a row must have, by the highest level among its columns."""


def apply(sql: str, tree: exp.Expr, privacy: Privacy) -> tuple[exp.Expr, Shape]:
    """The tree with its thresholds, and the shape of its result."""
    pass_ = _Pass(sql)
    for scope in list(traverse_scope(tree)):
        pass_.visit(scope)
    root = pass_.root(tree)
    shape = pass_.shapes[id(tree)]
    _check_outputs(sql, root, shape)
    if shape.people == "nobody":
        return root, shape
    return _filtered(root, shape, privacy), shape


def _check_outputs(sql: str, root: exp.Expr, shape: Shape) -> None:
    for place, (name, column) in enumerate(shape.outputs.items()):
        if column.level not in NEEDED:
            items = root.selects
            item = items[place] if place < len(items) else None
            message = (
                f"Column '{name}' has the aggregation threshold {column.level.name}"
                " and can't be part of the output"
            )
            raise refused(sql, item, message)


def _filtered(root: exp.Expr, shape: Shape, privacy: Privacy) -> exp.Expr:
    """The root's visible columns, of the rows that reach their threshold."""
    count: exp.Expr = _column("__q", HIDDEN)
    if shape.people == "one":
        count = exp.Literal.number(1)
    if privacy == "REMOVE_VALUES":
        items = [
            _kept_value(name, NEEDED[column.level], count)
            for name, column in shape.outputs.items()
        ]
    else:
        items = [_column("__q", name) for name in shape.outputs]
    outer = exp.Select(
        expressions=[
            exp.alias_(item, name, quoted=True)
            for item, name in zip(items, shape.outputs, strict=True)
        ]
    ).from_(_derived(root, "__q"))
    if privacy == "REMOVE_VALUES":
        return outer
    needed = max(NEEDED[column.level] for column in shape.outputs.values())
    return outer.where(exp.GTE(this=count, expression=exp.Literal.number(needed)))


def _kept_value(name: str, needed: int, count: exp.Expr) -> exp.Expr:
    reached = exp.GTE(this=count.copy(), expression=exp.Literal.number(needed))
    return exp.Case(ifs=[exp.If(this=reached, true=_column("__q", name))])


def _column(table: str, name: str) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _derived(query: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(
        this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    )


class _Pass:
    """One pass over the scopes, those inside first."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.shapes: dict[int, Shape] = {}
        """By the identity of a scope's query, as it was before this pass."""
        self.hidden: dict[int, exp.Expr] = {}
        """The hidden column of scalar subqueries, which cannot carry one."""
        self.replaced: dict[int, exp.Expr] = {}

    def root(self, tree: exp.Expr) -> exp.Expr:
        return self.replaced.get(id(tree), tree)

    def visit(self, scope: Scope) -> None:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            self._visit_union(scope, query)
        elif isinstance(query, exp.Select):
            self._visit_select(scope, query)
        else:
            names = getattr(query, "alias_column_names", ())
            self.shapes[id(query)] = Shape(
                outputs=dict.fromkeys(names, NOTHING), people="nobody"
            )

    # --- SELECT

    def _visit_select(self, scope: Scope, select: exp.Select) -> None:
        around = self._surroundings(scope)
        check_comparisons(self.sql, select, around)
        outputs = {
            item.output_name: output(item, around) for item in select.expressions
        }
        people, hidden = self._people(scope, select, around)
        self.shapes[id(select)] = Shape(outputs=outputs, people=people)
        if hidden is None:
            return
        if scope.is_subquery:
            self.hidden[id(select)] = hidden
            return
        select.append("expressions", exp.alias_(hidden, HIDDEN, quoted=True))
        if select.args.get("distinct"):
            select.set("distinct", None)
            self._regroup(select, self.shapes[id(select)])

    def _surroundings(self, scope: Scope) -> Surroundings:
        sources: dict[str, Shape] = {}
        around: Scope | None = scope
        while around is not None:
            for name, (_, source) in around.selected_sources.items():
                sources.setdefault(name, self._shape(source))
            around = around.parent if around.is_subquery else None
        return Surroundings(sources=sources, subqueries=self.shapes)

    def _shape(self, source: exp.Table | Scope) -> Shape:
        if isinstance(source, Scope):
            return self.shapes[id(source.expression)]
        return shape_of_table(tables()[source.name])

    def _people(
        self, scope: Scope, select: exp.Select, around: Surroundings
    ) -> tuple[People, exp.Expr | None]:
        people, row = self._behind_row(scope, select, around)
        if row is not None and is_aggregated(select):
            people, row = self._behind_group(select, around, people, row)
        return self._with_scalars(scope, select, people, row)

    def _behind_row(
        self, scope: Scope, select: exp.Select, around: Surroundings
    ) -> tuple[People, exp.Expr | None]:
        """Who is behind a row before grouping: over joins, the first that is known."""
        own = {
            name: shape
            for name, (_, source) in scope.selected_sources.items()
            if (shape := self._shape(source)).people != "nobody"
        }
        one = [name for name, shape in own.items() if shape.people == "one"]
        if one:
            return "one", _first([_person(scope, name) for name in one])
        telling = _telling(select, around, own) or list(own)
        if telling:
            return "some", _least([_column(name, HIDDEN) for name in telling])
        return "nobody", None

    def _behind_group(
        self, select: exp.Select, around: Surroundings, people: People, row: exp.Expr
    ) -> tuple[People, exp.Expr]:
        group = select.args.get("group")
        keys = group.expressions if group else []
        if people == "some":
            return "some", call("SUM", row)
        if any(is_person(key, around) for key in keys):
            return "one", call("MIN", row)
        return "some", call("COUNT", exp.Distinct(expressions=[row]))

    def _with_scalars(
        self, scope: Scope, select: exp.Select, people: People, row: exp.Expr | None
    ) -> tuple[People, exp.Expr | None]:
        """Add the people behind the scalar subqueries among the select items."""
        counts = [
            _count_of(query, self.shapes[id(query)], self.hidden[id(query)])
            for item in select.expressions
            for query in item.find_all(exp.Select)
            if id(query) in self.hidden and not query.find_ancestor(exp.Predicate)
        ]
        if not counts or people == "one":
            return people, row
        return "some", _least([*([row] if row is not None else []), *counts])

    # --- UNION and DISTINCT

    def _visit_union(self, scope: Scope, union: exp.SetOperation) -> None:
        sides = [self.shapes[id(s.expression)] for s in scope.set_operation_scopes]
        kinds = {side.people for side in sides}
        people: People = "nobody"
        if kinds != {"nobody"}:
            people = "one" if kinds == {"one"} else "some"
            for side in scope.set_operation_scopes:
                self._make_comparable(side, people)
        columns = list(sides[0].outputs)
        outputs = {
            name: _merged([_nth(side, place) for side in sides])
            for place, name in enumerate(columns)
        }
        self.shapes[id(union)] = Shape(outputs=outputs, people=people)
        if people != "nobody" and union.args.get("distinct") and not scope.is_subquery:
            union.set("distinct", False)
            self._regroup(union, self.shapes[id(union)])

    def _make_comparable(self, side: Scope, people: People) -> None:
        """Let both sides carry the same: a person, or a number (1 for a person)."""
        query = self.root(side.expression)
        shape = self.shapes[id(side.expression)]
        for select in _selects(query):
            if shape.people == "nobody":
                nobody = exp.Null() if people == "one" else exp.Literal.number(0)
                select.append("expressions", exp.alias_(nobody, HIDDEN, quoted=True))
            elif shape.people != people:
                select.expressions[-1].set("this", exp.Literal.number(1))

    def _regroup(self, query: exp.Expr, shape: Shape) -> None:
        """Remove doubles by grouping, so that the hidden column does not keep them."""
        parent, key, index = query.parent, query.arg_key, query.index
        with_ = query.args.get("with_")
        query.set("with_", None)
        grouped = exp.Select(
            expressions=[
                exp.alias_(_column("__d", name), name, quoted=True)
                for name in shape.outputs
            ]
        )
        person = any(column.person for column in shape.outputs.values())
        row = _column("__d", HIDDEN)
        people: People = "one" if shape.people == "one" and person else "some"
        hidden = call("MIN", row) if people == "one" else call("SUM", row)
        if shape.people == "one" and not person:
            hidden = call("COUNT", exp.Distinct(expressions=[row]))
        grouped.append("expressions", exp.alias_(hidden, HIDDEN, quoted=True))
        keys = [_column("__d", name) for name in shape.outputs]
        grouped.set("group", exp.Group(expressions=keys))
        grouped.set("with_", with_)
        if parent is not None and key is not None:
            parent.set(key, grouped, index)
        grouped.set("from_", exp.From(this=_derived(query, "__d")))
        self.replaced[id(query)] = grouped
        self.shapes[id(query)] = Shape(outputs=shape.outputs, people=people)


def _selects(query: exp.Expr) -> list[exp.Select]:
    """The selects that a query's rows come from: itself, or a union's sides."""
    if isinstance(query, exp.SetOperation):
        return [*_selects(query.left.unnest()), *_selects(query.right.unnest())]
    return [query] if isinstance(query, exp.Select) else []


def _person(scope: Scope, name: str) -> exp.Column:
    source = scope.selected_sources[name][1]
    return _column(name, HIDDEN if isinstance(source, Scope) else "user_id")


def _first(nodes: list[exp.Expr]) -> exp.Expr:
    return nodes[0] if len(nodes) == 1 else call("COALESCE", *nodes)


def _least(nodes: list[exp.Expr]) -> exp.Expr:
    """The smallest number that is known."""
    if len(nodes) == 1:
        return nodes[0]
    return exp.Anonymous(this="least", expressions=nodes)


def _telling(
    select: exp.Select, around: Surroundings, own: dict[str, Shape]
) -> list[str]:
    """The sources whose columns put something above NONE into the output.

    A row's totals may come from few people; its names must not.
    """
    told = {
        column.table
        for item in select.expressions
        if output(item, around).level > Level.NONE
        for column in item.find_all(exp.Column)
        if around.column(column).level > Level.NONE
    }
    return [name for name in own if name in told]


def _count_of(query: exp.Select, shape: Shape, hidden: exp.Expr) -> exp.Expr:
    if shape.people == "one":
        return exp.Literal.number(1)
    copy = query.copy()
    copy.set("expressions", [exp.alias_(hidden.copy(), HIDDEN, quoted=True)])
    return exp.Subquery(this=copy)


def _nth(shape: Shape, place: int) -> Output:
    columns = list(shape.outputs.values())
    return columns[place] if place < len(columns) else NOTHING


def _merged(columns: list[Output]) -> Output:
    return Output(
        level=max(column.level for column in columns),
        person=all(column.person for column in columns),
        metric=all(column.metric for column in columns),
    )
