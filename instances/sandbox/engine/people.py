"""Who is behind the rows: one pass over the queries, giving each its hidden column.

What the column holds, `hidden` says.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, ScopeType, traverse_scope

from instances.sandbox.engine import comparisons, hidden
from instances.sandbox.engine.catalog import Level, tables
from instances.sandbox.engine.dialect import call
from instances.sandbox.engine.grouping import is_aggregated
from instances.sandbox.engine.hidden import HIDDEN, column
from instances.sandbox.engine.levels import (
    FIXED,
    UNKNOWN,
    Output,
    People,
    Shape,
    Surroundings,
    is_person,
    output,
    shape_of_table,
)
from instances.sandbox.engine.regroup import regrouped

Behind = tuple[People, exp.Expr | None]
"""Who is behind a row, and the expression of the hidden column."""


class Pass:
    """One pass over the scopes, those inside first."""

    def __init__(self, sql: str, tree: exp.Expr) -> None:
        self.sql = sql
        self.shapes: dict[int, Shape] = {}
        """By the identity of a scope's query as it was before this pass."""
        self._hidden: dict[int, exp.Expr] = {}
        """The hidden column of subqueries in expressions, which cannot carry one."""
        self._replaced: dict[int, exp.Expr] = {}
        for scope in list(traverse_scope(tree)):
            self._visit(scope)
        self.root = self._current(tree)
        self.shape = self.shapes[id(tree)]

    def _current(self, query: exp.Expr) -> exp.Expr:
        return self._replaced.get(id(query), query)

    def _visit(self, scope: Scope) -> None:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            self._visit_union(scope, query)
        elif isinstance(query, exp.Select):
            self._visit_select(scope, query)
        else:
            names = getattr(query, "alias_column_names", ())
            outputs = dict.fromkeys(names, FIXED)
            self.shapes[id(query)] = Shape(outputs=outputs, people="nobody")

    def _visit_select(self, scope: Scope, select: exp.Select) -> None:
        around = self._surroundings(scope)
        comparisons.check(self.sql, select, around)
        outputs = {
            item.output_name: output(item, around) for item in select.expressions
        }
        people, behind = self._people(scope, select, around)
        shape = Shape(outputs=outputs, people=people)
        self.shapes[id(select)] = shape
        if behind is None:
            return
        if not _carries_hidden(scope):
            self._hidden[id(select)] = behind
            return
        select.append("expressions", exp.alias_(behind, HIDDEN, quoted=True))
        if select.args.get("distinct"):
            select.set("distinct", None)
            self._regroup(select, shape)

    def _regroup(self, query: exp.Expr, shape: Shape) -> None:
        new, new_shape = regrouped(query, shape)
        self._replaced[id(query)] = new
        self.shapes[id(query)] = new_shape

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

    def _people(self, scope: Scope, select: exp.Select, around: Surroundings) -> Behind:
        people, row = self._behind_row(scope, select, around)
        if row is not None and is_aggregated(select):
            people, row = _behind_group(select, around, people, row)
        return self._with_scalars(select, people, row)

    def _behind_row(
        self, scope: Scope, select: exp.Select, around: Surroundings
    ) -> Behind:
        """Who is behind a row before grouping: over joins, the first that is known."""
        own = {
            name: shape
            for name, (_, source) in scope.selected_sources.items()
            if (shape := self._shape(source)).people != "nobody"
        }
        one = [name for name, shape in own.items() if shape.people == "one"]
        if one:
            persons = [_person(scope, name) for name in one]
            return "one", persons[0] if len(one) == 1 else call("COALESCE", *persons)
        telling = _telling(select, around, own) or list(own)
        if telling:
            return "some", hidden.fewest([column(name) for name in telling])
        return "nobody", None

    def _with_scalars(
        self, select: exp.Select, people: People, row: exp.Expr | None
    ) -> Behind:
        """Add the people behind the scalar subqueries among the select items."""
        counts = [
            _people_of(query, self.shapes[id(query)], self._hidden[id(query)])
            for item in select.expressions
            for query in item.find_all(exp.Select)
            if id(query) in self._hidden and not query.find_ancestor(exp.Predicate)
        ]
        if not counts or people == "one":
            return people, row
        return "some", hidden.fewest([*([row] if row is not None else []), *counts])

    def _visit_union(self, scope: Scope, union: exp.SetOperation) -> None:
        sides = scope.set_operation_scopes
        distinct = bool(union.args.get("distinct"))
        carries = _carries_hidden(scope)
        people = self._people_of_union(sides)
        if carries and people != "nobody":
            for side in sides:
                self._make_comparable(side, people)
        shapes = [self.shapes[id(side.expression)] for side in sides]
        outputs = {
            name: _merged([_nth(shape, place) for shape in shapes])
            for place, name in enumerate(shapes[0].outputs)
        }
        self.shapes[id(union)] = Shape(outputs=outputs, people=people)
        if carries and distinct and people != "nobody":
            union.set("distinct", False)
            self._regroup(union, self.shapes[id(union)])

    def _people_of_union(self, sides: list[Scope]) -> People:
        kinds = {self.shapes[id(side.expression)].people for side in sides}
        kinds -= {"nobody"}
        if not kinds:
            return "nobody"
        return "one" if kinds == {"one"} else "some"

    def _make_comparable(self, side: Scope, people: People) -> None:
        """Let both sides of a union carry the same: a person, or people."""
        query = self._current(side.expression)
        shape = self.shapes[id(side.expression)]
        for select in _selects(query):
            if shape.people == "nobody":
                nobody = exp.alias_(exp.Null(), HIDDEN, quoted=True)
                select.append("expressions", nobody)
            elif shape.people != people:
                last = select.expressions[-1]
                last.set("this", hidden.of_one(last.this))


def _behind_group(
    select: exp.Select, around: Surroundings, people: People, row: exp.Expr
) -> Behind:
    group = select.args.get("group")
    keys = group.expressions if group else []
    if people == "some":
        return "some", hidden.of_groups(row)
    if any(is_person(key, around) for key in keys):
        return "one", call("MIN", row)
    return "some", hidden.of_persons(row)


def _carries_hidden(scope: Scope) -> bool:
    """Whether a query can have one more column: not inside an expression."""
    around: Scope | None = scope
    while around is not None and around.scope_type is ScopeType.SET_OPERATION:
        around = around.parent
    return around is None or not around.is_subquery


def _selects(query: exp.Expr) -> list[exp.Select]:
    """The selects that a query's rows come from: itself, or a union's sides."""
    if isinstance(query, exp.SetOperation):
        return [*_selects(query.left.unnest()), *_selects(query.right.unnest())]
    return [query] if isinstance(query, exp.Select) else []


def _person(scope: Scope, name: str) -> exp.Column:
    source = scope.selected_sources[name][1]
    return column(name) if isinstance(source, Scope) else column(name, "user_id")


def _telling(
    select: exp.Select, around: Surroundings, own: dict[str, Shape]
) -> list[str]:
    """The sources whose columns put something above NONE into the output.

    A row's totals may come from few people; its names must not.
    """
    told = {
        found.table
        for item in select.expressions
        if output(item, around).level > Level.NONE
        for found in item.find_all(exp.Column)
        if around.column(found).level > Level.NONE
    }
    return [name for name in own if name in told]


def _people_of(query: exp.Select, shape: Shape, behind: exp.Expr) -> exp.Expr:
    """The people behind the one row of a scalar subquery, asked for once more."""
    people = hidden.of_one(behind) if shape.people == "one" else behind.copy()
    copy = query.copy()
    copy.set("expressions", [exp.alias_(people, HIDDEN, quoted=True)])
    return exp.Subquery(this=copy)


def _nth(shape: Shape, place: int) -> Output:
    columns = list(shape.outputs.values())
    return columns[place] if place < len(columns) else UNKNOWN


def _merged(columns: list[Output]) -> Output:
    return Output(
        level=max(found.level for found in columns),
        person=all(found.person for found in columns),
        metric=all(found.metric for found in columns),
        fixed=any(found.fixed for found in columns),
    )
