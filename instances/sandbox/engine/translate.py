"""From AMC SQL to DuckDB SQL: the steps, in the order in which they must be taken."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError

from instances.sandbox.engine import (
    arguments,
    coerce,
    grouping,
    parameters,
    resolve,
    thresholds,
    whitelist,
    windows,
)
from instances.sandbox.engine.contract import Query, QueryRefused
from instances.sandbox.engine.dialect import Amc, AnyCall, Target
from instances.sandbox.engine.errors import encountered, refused, signature
from instances.sandbox.engine.functions import find
from instances.sandbox.engine.levels import Shape
from instances.sandbox.engine.windows import Bound

LONGEST_SQL = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A query as the database takes it.

    `placeholders` are those it uses of `now`, `today`, `advertisers`, `window_start`,
    `window_end` and the bounds' names. Its columns are `shape.outputs`, in order.
    """

    sql: str
    shape: Shape
    bounds: tuple[Bound, ...]
    placeholders: frozenset[str]


def translate(query: Query) -> Translation:
    """Translate, or raise QueryRefused with AMC's text."""
    sql = query.sql
    try:
        return _translate(query)
    except QueryRefused:
        raise
    except RecursionError:
        raise QueryRefused("The query is nested too deeply") from None
    except SqlglotError as error:
        raise refused(sql, None, str(error).partition("\n")[0]) from error


def _translate(query: Query) -> Translation:
    sql = query.sql
    tree = parse(sql)
    whitelist.check(sql, tree)
    parameters.bind(sql, tree, query.declared, query.values)
    tree = _bind_clock(tree)
    windows.replace_extended(sql, tree)
    _check_calls(sql, tree)
    resolve.name_values(tree)
    tree = resolve.resolve(sql, tree)
    grouping.check(sql, tree)
    tree = coerce.coerce(tree)
    arguments.check(sql, tree)
    tree, shape = thresholds.apply(sql, tree, query.privacy)
    grouping.split_windows(tree)
    bounds = windows.restrict(tree)
    text = tree.sql(Target, identify=True, comments=False)
    return Translation(
        sql=text,
        shape=shape,
        bounds=bounds,
        placeholders=frozenset(node.name for node in tree.find_all(exp.Placeholder)),
    )


def parse(sql: str) -> exp.Expr:
    """The tree of the one statement."""
    if len(sql.encode()) > LONGEST_SQL:
        raise QueryRefused(f"The query is longer than {LONGEST_SQL} bytes")
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=Amc) if tree is not None]
    except ParseError as error:
        raise _parse_error(sql, error) from None
    except TokenError as error:
        raise QueryRefused(
            f"Lexical error: {str(error).partition(chr(10))[0]}"
        ) from None
    if len(trees) != 1:
        count = "no" if not trees else "more than one"
        raise QueryRefused(f"The query has {count} statement")
    return trees[0]


def _parse_error(sql: str, error: ParseError) -> QueryRefused:
    details = error.errors[0] if error.errors else {}
    found = str(details.get("highlight") or "")
    line, column = details.get("line"), details.get("col")
    if line is None or column is None:
        return QueryRefused(str(error).partition("\n")[0])
    start = _offset(sql, int(line), int(column)) - len(found)
    return encountered(sql, found, max(start, 0))


def _offset(sql: str, line: int, column: int) -> int:
    """The offset just after a token, whose last character sqlglot reports."""
    lines = sql.split("\n")
    return sum(len(text) + 1 for text in lines[: line - 1]) + column


def _bind_clock(tree: exp.Expr) -> exp.Expr:
    """The sandbox's clock instead of the database's."""
    for node in list(tree.find_all(exp.CurrentDate, exp.CurrentTimestamp, exp.Cast)):
        bound = _clock(node)
        if bound is not None:
            node.replace(bound)
    return tree


def _clock(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node, exp.CurrentDate):
        return parameters.placeholder("today", "DATE")
    if isinstance(node, exp.CurrentTimestamp):
        return parameters.placeholder("now", "TIMESTAMP")
    if not (isinstance(node, exp.Cast) and node.this.is_string):
        return None
    word = node.this.name.lower()
    kind = node.args["to"].copy()
    if word == "today":
        return exp.Cast(this=parameters.placeholder("today", "DATE"), to=kind)
    if word == "now":
        return exp.Cast(this=parameters.placeholder("now", "TIMESTAMP"), to=kind)
    return None


def _check_calls(sql: str, tree: exp.Expr) -> None:
    """Refuse what is no function of ours, and a wrong number of arguments."""
    for node in tree.find_all(exp.Anonymous, *AnyCall):
        if (
            isinstance(node, exp.Anonymous)
            or find(node.this, len(node.expressions)) is None
        ):
            kinds = [_kind(argument) for argument in node.expressions]
            message = (
                f"No match found for function signature {signature(node.name, kinds)}"
            )
            raise refused(sql, node, message)


def _kind(node: exp.Expr) -> str:
    if node.is_string:
        return "CHARACTER"
    return "NUMERIC" if node.is_number else "ANY"
