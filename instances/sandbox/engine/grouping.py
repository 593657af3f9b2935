"""GROUP BY: what is not grouped, and grouping by a window function."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from instances.sandbox.engine.dialect import AggregateCall
from instances.sandbox.engine.errors import refused


def aggregates(select: exp.Select) -> Iterator[AggregateCall]:
    """The select's own aggregate calls, without window functions and subqueries."""
    for clause in (*select.expressions, select.args.get("having")):
        if clause is not None:
            yield from _aggregates(clause)


def _aggregates(node: exp.Expr) -> Iterator[AggregateCall]:
    if isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Window):
        for inner in windowed(node).iter_expressions():
            yield from _aggregates(inner)
        for part in _over(node):
            yield from _aggregates(part)
        return
    if isinstance(node, AggregateCall):
        yield node
    for inner in node.iter_expressions():
        yield from _aggregates(inner)


def windowed(node: exp.Window) -> exp.Expr:
    """The function of a window, without FILTER and IGNORE NULLS around it."""
    inner: exp.Expr = node.this
    while isinstance(inner, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        inner = inner.this
    return inner


def is_aggregated(select: exp.Select) -> bool:
    """Whether the select's rows are groups."""
    return select.args.get("group") is not None or any(True for _ in aggregates(select))


def check(sql: str, tree: exp.Expr) -> None:
    """Refuse columns that are not grouped, and aggregates where none may stand."""
    for scope in traverse_scope(tree):
        select = scope.expression
        if isinstance(select, exp.Select):
            _check_places(sql, select)
            if is_aggregated(select):
                _check_grouped(sql, scope, select)


def _check_places(sql: str, select: exp.Select) -> None:
    where, group = select.args.get("where"), select.args.get("group")
    for clause, words in ((where, "WHERE"), (group, "GROUP BY")):
        for call in _aggregates(clause) if clause else ():
            raise refused(
                sql, call, f"Aggregate expression is illegal in {words} clause"
            )
    for call in aggregates(select):
        inner = (found for part in call.expressions for found in _aggregates(part))
        for nested in inner:
            raise refused(sql, nested, "Aggregate expressions cannot be nested")


def _check_grouped(sql: str, scope: Scope, select: exp.Select) -> None:
    group = select.args.get("group")
    keys = {key.sql() for key in group.expressions} if group else set()
    own = set(scope.selected_sources)
    having = select.args.get("having")
    for clause in (*select.expressions, *((having,) if having else ())):
        for column in _ungrouped(clause, keys):
            if column.table in own:
                message = f"Expression '{column.name}' is not being grouped"
                raise refused(sql, column, message)


def _ungrouped(node: exp.Expr, keys: set[str]) -> Iterator[exp.Column]:
    if isinstance(node, exp.Query) or node.sql() in keys:
        return
    if isinstance(node, exp.Column):
        yield node
        return
    if isinstance(node, (AggregateCall, exp.Filter)):
        return
    if isinstance(node, exp.Window):
        function = windowed(node)
        parts = [*function.iter_expressions(), *_over(node)]
    else:
        parts = list(node.iter_expressions())
    for part in parts:
        yield from _ungrouped(part, keys)


def _over(node: exp.Window) -> list[exp.Expr]:
    order = node.args.get("order")
    return [*(node.args.get("partition_by") or ()), *([order] if order else [])]


def split_windows(tree: exp.Expr) -> None:
    """Compute windows that are grouped by in a query of their own, in place.

    DuckDB refuses `GROUP BY rank() OVER (…)`, which AMC's users write by ordinal.
    """
    for scope in list(traverse_scope(tree)):
        select = scope.expression
        if isinstance(select, exp.Select) and _groups_by_window(select):
            _split(select)


def _groups_by_window(select: exp.Select) -> bool:
    group = select.args.get("group")
    return group is not None and group.find(exp.Window) is not None


def _split(select: exp.Select) -> None:
    """Inner query: the windows and the columns; outer query: the grouping."""
    names: dict[str, tuple[str, exp.Expr]] = {}
    group, having = select.args["group"], select.args.get("having")
    clauses = [*select.expressions, group, *([having] if having else [])]
    for clause in clauses:
        for node in list(_lifted(clause, {key.sql() for key in group.expressions})):
            name, _ = names.setdefault(node.sql(), (f"__w{len(names)}", node.copy()))
            node.replace(exp.column(name, table="__w", quoted=True))
    inner = exp.Select(
        expressions=[
            exp.alias_(node, name, quoted=True) for name, node in names.values()
        ]
    )
    for part in ("from_", "joins", "where"):
        inner.set(part, select.args.get(part))
        select.set(part, None)
    source = inner.subquery(exp.to_identifier("__w", quoted=True))
    select.set("from_", exp.From(this=source))


def _lifted(node: exp.Expr, keys: set[str]) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Query):
        return
    grouped_window = isinstance(node, exp.Window) and (
        node.find_ancestor(exp.Group) is not None or node.sql() in keys
    )
    if grouped_window or isinstance(node, exp.Column):
        yield node
        return
    for part in list(node.iter_expressions()):
        yield from _lifted(part, keys)
