"""Names: which table, which column; AMC's texts for those that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from instances.sandbox.engine.catalog import SCHEMA, tables
from instances.sandbox.engine.dialect import Amc
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.schema import schema

Names = dict[str, tuple[str, ...]]
"""Source name → the names of its columns."""

ALIAS_PLACES = (exp.Group, exp.Having, exp.Order)
"""Clauses in which a select item may be called by its alias."""


def name_values(tree: exp.Expr) -> None:
    """Give the columns of `x(a, b) AS (VALUES …)` to the VALUES itself, in place.

    It parses as `SELECT * FROM (VALUES …)` with the names on the CTE only; then nothing
    would be known of the types.
    """
    for cte in tree.find_all(exp.CTE):
        query = cte.this
        columns = cte.args["alias"].args.get("columns")
        source = query.args.get("from_")
        if not columns or source is None or not isinstance(query, exp.Select):
            continue
        values = source.this
        if isinstance(values, exp.Values) and query.is_star:
            names = [column.name for column in columns]
            alias = exp.TableAlias(
                this=exp.to_identifier("_values"),
                columns=[exp.to_identifier(name) for name in names],
            )
            values.set("alias", alias)
            query.set("expressions", [exp.column(name) for name in names])
            cte.args["alias"].set("columns", None)


def resolve(sql: str, tree: exp.Expr) -> exp.Expr:
    """The tree with every name checked, lower-case and qualified."""
    tree = normalize_identifiers(tree, dialect=Amc)
    _check_schemas(sql, tree)
    _name_items(tree)
    known: dict[int, tuple[str, ...]] = {}
    for scope in traverse_scope(tree):
        _check_scope(sql, scope, known)
    try:
        tree = qualify(
            tree,
            dialect=Amc,
            schema=schema(),
            validate_qualify_columns=False,
            quote_identifiers=True,
        )
    except OptimizeError as error:
        raise refused(sql, None, "The query could not be understood") from error
    _rename_doubles(tree)
    return tree


def _check_schemas(sql: str, tree: exp.Expr) -> None:
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise refused(sql, table, f"Unsupported table {table.name}")
        if table.args.get("db"):
            if table.db != SCHEMA:
                raise refused(sql, table, f"Object '{table.db}' not found")
            table.set("db", None)


def _name_items(tree: exp.Expr) -> None:
    """Name what has no name as Calcite does: expr$0, expr$1 …"""
    for select in tree.find_all(exp.Select):
        for place, item in enumerate(select.expressions):
            if not (isinstance(item, exp.Column) or item.alias or item.is_star):
                alias = exp.to_identifier(f"expr${place}", quoted=True)
                item.replace(exp.Alias(this=item.copy(), alias=alias))


def _rename_doubles(tree: exp.Expr) -> None:
    """Number the later of two select items with one name, as Calcite does: x, x0."""
    for select in tree.find_all(exp.Select):
        taken: set[str] = set()
        for item in select.expressions:
            name, number = item.output_name, 0
            while item.output_name in taken:
                item.set("alias", exp.to_identifier(f"{name}{number}", quoted=True))
                number += 1
            taken.add(item.output_name)


def _check_scope(sql: str, scope: Scope, known: dict[int, tuple[str, ...]]) -> None:
    sources = _sources(sql, scope, known)
    query = scope.expression
    if isinstance(query, exp.Select):
        _check_stars(sql, scope, sources)
        _check_columns(sql, scope, sources, known)
    known[id(scope)] = _outputs(scope, sources, known)
    if isinstance(query, exp.Select):
        _check_ordinals(sql, query, len(known[id(scope)]))
    elif isinstance(query, exp.SetOperation):
        counts = {len(known[id(side)]) for side in scope.set_operation_scopes}
        if len(counts) > 1:
            raise refused(sql, query, "Column count mismatch in UNION")


def _check_ordinals(sql: str, query: exp.Select, items: int) -> None:
    group = query.args.get("group")
    for key in group.expressions if group else ():
        if key.is_int and not 1 <= int(key.name) <= items:
            raise refused(sql, key, "Ordinal out of range")


def _sources(sql: str, scope: Scope, known: Mapping[int, tuple[str, ...]]) -> Names:
    found: Names = {}
    for name, (_, source) in scope.selected_sources.items():
        if isinstance(source, Scope):
            found[name] = known.get(id(source), ())
        elif source.name in tables():
            found[name] = tuple(tables()[source.name].columns)
        else:
            raise refused(sql, source.this, f"Object '{source.name}' not found")
    return found


def _outputs(
    scope: Scope, sources: Names, known: Mapping[int, tuple[str, ...]]
) -> tuple[str, ...]:
    query = scope.expression
    if scope.outer_columns:
        return tuple(scope.outer_columns)
    if isinstance(query, exp.SetOperation):
        return known.get(id(scope.set_operation_scopes[0]), ())
    if isinstance(query, exp.Values):
        return tuple(query.alias_column_names)
    if not isinstance(query, exp.Select):
        return ()
    return tuple(_item_names(query, sources))


def _item_names(query: exp.Select, sources: Names) -> Iterator[str]:
    for item in query.expressions:
        if isinstance(item, exp.Star):
            yield from dict.fromkeys(
                name for names in sources.values() for name in names
            )
        elif item.is_star:
            yield from sources.get(item.table, ())
        else:
            yield item.output_name


def _check_stars(sql: str, scope: Scope, sources: Names) -> None:
    tables_of_events = {
        name
        for name, (_, source) in scope.selected_sources.items()
        if isinstance(source, exp.Table)
    }
    for item in scope.expression.expressions:
        if not item.is_star:
            continue
        meant = set(sources) if isinstance(item, exp.Star) else {item.table}
        if not meant <= set(sources):
            raise refused(sql, item, f"Table '{item.table}' not found")
        if meant & tables_of_events:
            message = "SELECT * is not supported on a data source: name the columns"
            raise refused(sql, None, message)


def _check_columns(
    sql: str, scope: Scope, sources: Names, known: Mapping[int, tuple[str, ...]]
) -> None:
    merged = {
        column.name
        for join in scope.expression.args.get("joins") or ()
        for column in join.args.get("using") or ()
    }
    aliases = {item.alias for item in scope.expression.expressions if item.alias}
    for node in scope.walk():
        if type(node) is exp.Column and not node.is_star:
            if node.name in aliases and not node.table and _in_alias_place(node):
                continue
            _check_column(sql, node, _visible(scope, sources, known), merged)


def _in_alias_place(node: exp.Expr) -> bool:
    nearest = node.find_ancestor(exp.Select, exp.Window, *ALIAS_PLACES)
    return isinstance(nearest, ALIAS_PLACES) and not isinstance(
        nearest.parent, exp.Window
    )


def _visible(
    scope: Scope, sources: Names, known: Mapping[int, tuple[str, ...]]
) -> list[Names]:
    """The sources a column may mean: the scope's own, then those around a subquery."""
    levels = [sources]
    while scope.is_subquery and scope.parent is not None:
        scope = scope.parent
        levels.append(
            {
                name: known.get(id(source), ())
                if isinstance(source, Scope)
                else tuple(tables()[source.name].columns)
                for name, (_, source) in scope.selected_sources.items()
                if isinstance(source, Scope) or source.name in tables()
            }
        )
    return levels


def _check_column(
    sql: str, column: exp.Column, levels: list[Names], merged: set[str]
) -> None:
    name, table = column.name, column.table
    if table:
        for sources in levels:
            if table in sources:
                if name not in sources[table]:
                    text = f"Column '{name}' not found in table '{table}'"
                    raise refused(sql, column, text)
                return
        raise refused(sql, column.args["table"], f"Table '{table}' not found")
    for sources in levels:
        owners = [source for source, names in sources.items() if name in names]
        if len(owners) > 1 and name not in merged:
            raise refused(sql, column, f"Column '{name}' is ambiguous")
        if owners:
            return
    raise refused(sql, column, f"Column '{name}' not found in any table")
