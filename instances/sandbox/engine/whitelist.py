"""What a query may consist of: node classes, and the parts that each may have.

Only a tree that passed this list is ever translated. What is not named here, a class of
node or a part of one, is refused: sqlglot knows far more than AMC does.
"""

from __future__ import annotations

from sqlglot import exp

from instances.sandbox.engine.dialect import AggregateCall, Call
from instances.sandbox.engine.errors import refused
from instances.sandbox.engine.grouping import windowed

BINARY = "this expression"
QUERY = "with_ order limit"

ALLOWED: dict[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(parts.split())
    for kinds, parts in (
        ((exp.Select,), f"expressions from_ joins where group having distinct {QUERY}"),
        ((exp.Union,), f"this expression distinct {QUERY}"),
        ((exp.With,), "expressions"),
        ((exp.CTE,), "this alias"),
        ((exp.Subquery,), "this alias"),
        ((exp.TableAlias,), "this columns"),
        ((exp.From, exp.Where, exp.Having), "this"),
        ((exp.Join,), "this side kind on using"),
        ((exp.Table,), "this db alias"),
        ((exp.Values,), "expressions alias"),
        ((exp.Tuple, exp.Group, exp.Order, exp.Distinct), "expressions"),
        ((exp.Ordered,), "this desc nulls_first"),
        ((exp.Limit,), "expression"),
        ((exp.Column,), "this table"),
        ((exp.Identifier,), "this quoted"),
        ((exp.Alias,), "this alias"),
        ((exp.Star, exp.Null), ""),
        ((exp.Literal,), "this is_string"),
        ((exp.Boolean, exp.Paren, exp.Neg, exp.Not, exp.Var), "this"),
        ((exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.And, exp.Or), BINARY),
        ((exp.Div,), f"{BINARY} typed safe"),
        ((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is), BINARY),
        ((exp.NullSafeEQ, exp.NullSafeNEQ, exp.SimilarTo, exp.Escape), BINARY),
        ((exp.Like,), f"{BINARY} negate"),
        ((exp.In,), "this expressions query"),
        ((exp.Between,), "this low high symmetric"),
        ((exp.Exists,), "this expression"),
        ((exp.Case,), "this ifs default"),
        ((exp.If,), "this true false"),
        ((exp.Cast,), "this to"),
        ((exp.DataType,), "this expressions nested"),
        ((exp.DataTypeParam,), "this"),
        ((exp.Interval,), "this unit"),
        ((Call, AggregateCall, exp.Anonymous), "this expressions"),
        ((exp.Window,), "this partition_by order spec over"),
        ((exp.WindowSpec,), "kind start start_side end end_side"),
        ((exp.IgnoreNulls, exp.RespectNulls), "this"),
        ((exp.Filter,), "this expression"),
        ((exp.Array,), "expressions"),
        ((exp.Struct,), "expressions"),
        ((exp.PropertyEQ,), BINARY),
        ((exp.Bracket,), "this expressions offset"),
        ((exp.CurrentDate, exp.CurrentTimestamp), ""),
    )
    for kind in kinds
}

INSIDE: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Alias: (exp.Select,),
    exp.Star: (exp.Select, exp.Column, AggregateCall),
    exp.Tuple: (exp.Values, exp.In),
    exp.Select: (exp.Subquery, exp.Union, exp.CTE, exp.In, exp.Exists),
    exp.Union: (exp.Subquery, exp.Union, exp.CTE, exp.In, exp.Exists),
    exp.Distinct: (exp.Select, AggregateCall),
}
"""Where some nodes may stand; sqlglot reads them in more places."""

JOINS = frozenset(
    {("", ""), ("", "INNER"), ("", "CROSS"), ("LEFT", ""), ("LEFT", "OUTER")}
    | {("FULL", ""), ("FULL", "OUTER")}
)

WORDS: dict[type[exp.Expr], str] = {
    exp.DPipe: "Unsupported scalar operation type ||",
    exp.Except: "Unsupported operation EXCEPT",
    exp.Intersect: "Unsupported operation INTERSECT",
    exp.Qualify: "Unsupported clause QUALIFY",
    exp.TableSample: "Unsupported clause TABLESAMPLE",
    exp.Rollup: "Unsupported grouping ROLLUP",
    exp.Cube: "Unsupported grouping CUBE",
    exp.GroupingSets: "Unsupported grouping GROUPING SETS",
}
"""Texts for what people do try; everything else is named by its class."""

TYPES = frozenset(
    {
        exp.DType.BOOLEAN,
        exp.DType.TINYINT,
        exp.DType.SMALLINT,
        exp.DType.INT,
        exp.DType.BIGINT,
        exp.DType.FLOAT,
        exp.DType.DOUBLE,
        exp.DType.DECIMAL,
        exp.DType.TEXT,
        exp.DType.VARCHAR,
        exp.DType.CHAR,
        exp.DType.DATE,
        exp.DType.TIMESTAMP,
        exp.DType.ARRAY,
    }
)


UNITS = frozenset(
    ["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]
)
"""Units of an INTERVAL, the only place of a bare word."""


def check(sql: str, tree: exp.Expr) -> None:
    """Refuse the tree unless every node and every part of it is on the list."""
    _check_root(sql, tree)
    for node in tree.walk():
        _check_node(sql, node)


def _check_root(sql: str, tree: exp.Expr) -> None:
    if not isinstance(tree, (exp.Select, exp.Union)):
        raise refused(sql, None, "Only SELECT queries are supported")
    for part, words in (("order", "ORDER BY"), ("limit", "LIMIT")):
        if tree.args.get(part):
            message = f"{words} is not supported in the outermost query"
            raise refused(sql, tree.args[part], message)


def _check_node(sql: str, node: exp.Expr) -> None:
    allowed = ALLOWED.get(type(node))
    if allowed is None:
        raise refused(sql, node, WORDS.get(type(node), _unsupported(node)))
    for part, value in node.args.items():
        if value and part not in allowed:
            first = value[0] if isinstance(value, list) else value
            if isinstance(first, exp.Expr) and type(first) in WORDS:
                raise refused(sql, first, WORDS[type(first)])
            words = part.strip("_").replace("_", " ").upper()
            raise refused(sql, node, f"{_unsupported(node)} with {words}")
    _check_special(sql, node)


def _check_calls(sql: str, node: exp.Expr) -> None:
    """Window functions stand before OVER, and nothing else but aggregates does."""
    if isinstance(node, exp.Window) and not _can_be_windowed(windowed(node)):
        raise refused(sql, node, "OVER must be applied to aggregate function")
    if isinstance(node, Call) and node.kind == "window" and not _in_window(node):
        raise refused(sql, node, f"OVER clause is necessary for {node.this}")
    around = node.parent
    if isinstance(node, exp.Star) and isinstance(around, AggregateCall):
        if around.this == "COUNT":
            return
        raise refused(sql, around, f"Unknown argument * of {around.this}")


def _can_be_windowed(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return True  # refused later, by its name
    return isinstance(node, AggregateCall) or (
        isinstance(node, Call) and node.kind == "window"
    )


def _in_window(node: exp.Expr) -> bool:
    window = node.find_ancestor(exp.Window, exp.Query)
    return isinstance(window, exp.Window) and windowed(window) is node


def _unsupported(node: exp.Expr) -> str:
    return f"Unsupported construct {type(node).__name__.upper()}"


def _check_special(sql: str, node: exp.Expr) -> None:
    places = INSIDE.get(type(node))
    if places and node.parent is not None and not isinstance(node.parent, places):
        raise refused(sql, node, f"Misplaced {type(node).__name__.upper()}")
    _check_calls(sql, node)
    if isinstance(node, exp.Is) and not isinstance(
        node.expression, (exp.Null, exp.Boolean)
    ):
        raise refused(sql, node, "IS must be followed by NULL, TRUE or FALSE")
    if isinstance(node, exp.Select) and not node.expressions:
        raise refused(sql, node, "The query selects nothing")
    if isinstance(node, exp.Join) and (node.side, node.kind) not in JOINS:
        words = " ".join(word for word in (node.side, node.kind) if word)
        raise refused(sql, node.this, f"{words} JOIN is not supported")
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        raise refused(sql, node, f"Unknown identifier '{node.sql()}'")
    if isinstance(node, exp.Var) and node.name.upper().rstrip("S") not in UNITS:
        raise refused(sql, node, f"Unknown time unit {node.name}")
    if isinstance(node, exp.Identifier) and node.name.startswith("__"):
        raise refused(sql, node, f"Object '{node.name}' not found")
