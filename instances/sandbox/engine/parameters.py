"""CUSTOM_PARAMETER and BUILT_IN_PARAMETER: values become typed nodes, never text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from instances.sandbox.engine.contract import DeclaredParameter, QueryRefused
from instances.sandbox.engine.errors import refused

TYPES = {
    "BINARY": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "BYTE": "SMALLINT",
    "SHORT": "SMALLINT",
    "INTEGER": "INTEGER",
    "LONG": "BIGINT",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "DECIMAL": "DECIMAL(38,4)",
    "STRING": "VARCHAR",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
}
"""AMC's type words for parameters and the database's types."""

BUILT_IN = {"TIME_WINDOW_START": "window_start", "TIME_WINDOW_END": "window_end"}


def bind(
    sql: str,
    tree: exp.Expr,
    declared: tuple[DeclaredParameter, ...],
    values: Mapping[str, object],
) -> None:
    """Replace every parameter of the tree by its value, in place.

    A custom parameter's value is the execution's, else the declared default, else the
    query is refused. Built-in parameters become placeholders, filled when it runs.
    """
    known = {parameter.name: parameter for parameter in declared}
    for node in list(tree.find_all(exp.Anonymous)):
        name = node.name.upper()
        if name == "CUSTOM_PARAMETER":
            node.replace(_custom(sql, node, known, values))
        elif name == "BUILT_IN_PARAMETER":
            node.replace(_built_in(sql, node))


def _argument(sql: str, node: exp.Anonymous) -> str:
    arguments = node.expressions
    if len(arguments) != 1 or not arguments[0].is_string:
        message = f"{node.name.upper()} takes the name of a parameter in quotes"
        raise refused(sql, node, message)
    return str(arguments[0].name)


def _built_in(sql: str, node: exp.Anonymous) -> exp.Expr:
    name = _argument(sql, node)
    if name not in BUILT_IN:
        raise refused(sql, node, f"Built-in parameter '{name}' not found")
    return placeholder(BUILT_IN[name], "TIMESTAMP")


def placeholder(name: str, kind: str) -> exp.Expr:
    """A typed placeholder, filled when the query runs."""
    return exp.cast(exp.Placeholder(this=name), kind, dialect="duckdb")


def _custom(
    sql: str,
    node: exp.Anonymous,
    known: Mapping[str, DeclaredParameter],
    values: Mapping[str, object],
) -> exp.Expr:
    name = _argument(sql, node)
    parameter = known.get(name)
    if parameter is None:
        raise refused(sql, node, f"Parameter '{name}' was not declared")
    if name not in values and parameter.default is None:
        message = f"No value was given for parameter '{name}' and it has no default"
        raise refused(sql, node, message)
    return literal(parameter, values.get(name, parameter.default))


def literal(parameter: DeclaredParameter, value: object) -> exp.Expr:
    """The typed node for a value; raises QueryRefused when it does not fit."""
    if parameter.data_type != "ARRAY":
        return _scalar(parameter, parameter.data_type, value)
    element = parameter.element_type or "STRING"
    kind = f"{_type(parameter, element)}[]"
    if value is None:
        return exp.cast(exp.Null(), kind, dialect="duckdb")
    if not isinstance(value, list | tuple):
        raise _unfit(parameter, value)
    items = [_scalar(parameter, element, item) for item in value]
    return exp.cast(exp.Array(expressions=items), kind, dialect="duckdb")


def _type(parameter: DeclaredParameter, name: str) -> str:
    if name not in TYPES:
        message = f"Parameter '{parameter.name}' has the unknown data type {name}"
        raise QueryRefused(message)
    return TYPES[name]


def _scalar(parameter: DeclaredParameter, name: str, value: object) -> exp.Expr:
    kind = _type(parameter, name)
    if value is None:
        return exp.cast(exp.Null(), kind, dialect="duckdb")
    text = _text(name, value)
    if text is None:
        raise _unfit(parameter, value)
    return exp.cast(exp.Literal.string(text), kind, dialect="duckdb")


def _text(name: str, value: object) -> str | None:
    """The value as text that casts to the type, or None when it does not fit."""
    if isinstance(value, bool):
        return str(value).lower() if name in {"BOOLEAN", "STRING"} else None
    if not isinstance(value, str | int | float | Decimal):
        return None
    text = str(value).strip() if name != "STRING" else str(value)
    return text if name == "STRING" or _fits(name, text) else None


def _fits(name: str, text: str) -> bool:
    try:
        match name:
            case "BOOLEAN":
                return text.lower() in {"true", "false"}
            case "BYTE" | "SHORT" | "INTEGER" | "LONG":
                int(text)
            case "FLOAT" | "DOUBLE" | "DECIMAL":
                Decimal(text)
            case "DATE":
                datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a date has no zone
            case "TIMESTAMP":
                datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):
        return False
    return True


def _unfit(parameter: DeclaredParameter, value: object) -> QueryRefused:
    shown = repr(value)[:60]
    return QueryRefused(
        f"Value {shown} of parameter '{parameter.name}' is not of type"
        f" {parameter.data_type}"
    )
