"""AMC's dialect of SQL for sqlglot: how it is read, and how it becomes DuckDB's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from instances.sandbox.engine.function_set_rows import SYNONYMS
from instances.sandbox.engine.functions import FUNCTIONS, Kind, find


class Call(exp.Expression, exp.Func):
    """A call of a function of our table; `this` is its name."""

    arg_types = {"this": True, "expressions": False}
    is_var_len_args = True

    @property
    def kind(self) -> Kind:
        """What kind of function it is."""
        return FUNCTIONS[self.this][0].kind


class AggregateCall(exp.Expression, exp.AggFunc):
    """A call of an aggregate function of our table."""

    arg_types = {"this": True, "expressions": False}
    is_var_len_args = True


AnyCall = (Call, AggregateCall)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """The node for a call of `name`."""
    rows = FUNCTIONS[name]
    node = AggregateCall if rows[0].kind == "aggregate" else Call
    return node(this=name, expressions=list(arguments))


def _builder(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    return lambda arguments: call(name, *arguments)


def _named_row(arguments: list[exp.Expr]) -> exp.Expr:
    names, values = arguments[::2], arguments[1::2]
    if len(names) != len(values) or not all(name.is_string for name in names):
        return exp.Anonymous(this="NAMED_ROW", expressions=arguments)
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(
                this=exp.to_identifier(name.name, quoted=True), expression=value
            )
            for name, value in zip(names, values, strict=True)
        ]
    )


EXTRACTED = {
    "SECOND": "SECOND",
    "MINUTE": "MINUTE",
    "HOUR": "HOUR",
    "DAY": "DAYOFMONTH",
    "DOW": "DAYOFWEEK",
    "DAYOFWEEK": "DAYOFWEEK",
    "DOY": "DAYOFYEAR",
    "DAYOFYEAR": "DAYOFYEAR",
    "WEEK": "WEEK",
    "MONTH": "MONTH",
    "QUARTER": "QUARTER",
    "YEAR": "YEAR",
    "EPOCH": "EPOCH",
}


def _extract(parser: Parser) -> exp.Expr:
    unit = parser._parse_var_or_string(upper=True)
    name = EXTRACTED.get(unit.name.upper() if unit else "")
    if name is None:
        parser.raise_error("Unknown time unit", token=parser._prev)
        return exp.Null()
    if not parser._match(TokenType.FROM):
        parser.raise_error("Expected FROM")
    return call(name, parser._parse_bitwise() or exp.Null())


def _position(parser: Parser) -> exp.Expr:
    node = Parser._parse_position(parser)
    return call("POSITION", node.args["substr"], node.this)


def _substring(parser: Parser) -> exp.Expr:
    node = Parser._parse_substring(parser)
    given = (node.this, node.args.get("start"), node.args.get("length"))
    return call("SUBSTRING", *(argument for argument in given if argument))


def _trim(parser: Parser) -> exp.Expr:
    node = Parser._parse_trim(parser)
    side = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}
    name = side.get(node.args.get("position") or "", "TRIM")
    given = (node.this, node.expression)
    return call(name, *(argument for argument in given if argument))


def _closed(rule: Callable[[Parser], exp.Expr]) -> Callable[[Parser], exp.Expr]:
    """The rule, and that a parenthesis follows, which sqlglot does not insist on."""

    def parse(parser: Parser) -> exp.Expr:
        result = rule(parser)
        if not parser._match(TokenType.R_PAREN, advance=False):
            parser.raise_error("Expected )")
        return result

    return parse


class AmcParser(Parser):
    """Only the functions of our table are functions; all others stay anonymous.

    sqlglot maps hundreds of names to nodes of its own, with meanings of other
    databases: none of that is inherited.
    """

    FUNCTIONS = {
        **{name: _builder(name) for name in FUNCTIONS},
        **{synonym: _builder(name) for synonym, name in SYNONYMS.items()},
        "NAMED_ROW": _named_row,
    }
    FUNCTION_PARSERS = {
        "CAST": _closed(Parser.FUNCTION_PARSERS["CAST"]),
        "EXTRACT": _closed(_extract),
        "POSITION": _closed(_position),
        "SUBSTRING": _closed(_substring),
        "SUBSTR": _closed(_substring),
        "TRIM": _closed(_trim),
    }
    NO_PAREN_FUNCTION_PARSERS = {
        name: Parser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("CASE", "IF")
    }
    NO_PAREN_FUNCTIONS = {
        token: Parser.NO_PAREN_FUNCTIONS[token]
        for token in (TokenType.CURRENT_DATE, TokenType.CURRENT_TIMESTAMP)
    }

    def _parse_function_call(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        first = self._curr
        result = super()._parse_function_call(*args, **kwargs)
        if isinstance(result, (exp.Anonymous, *AnyCall)):
            _remember_place(result, first, self._prev)
        return result


def _remember_place(node: exp.Expr, first: Token, last: Token) -> None:
    node.meta["start"], node.meta["end"] = first.start, last.end


class Amc(Dialect):
    """Calcite-like SQL as AMC takes it."""

    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_INSENSITIVE
    INDEX_OFFSET = 1
    SAFE_DIVISION = True
    TYPED_DIVISION = False
    CONCAT_COALESCE = False
    LEAST_GREATEST_IGNORES_NULLS = False
    # Not documented; Calcite's default is that NULL sorts as the largest.
    NULL_ORDERING = "nulls_are_large"

    class Tokenizer(Tokenizer):
        """Adds AMC's words for types."""

        KEYWORDS = {
            **Tokenizer.KEYWORDS,
            "STRING": TokenType.TEXT,
            "LONG": TokenType.BIGINT,
            "SYMBOL": TokenType.TEXT,
        }

    Parser = AmcParser


def _call_sql(generator: DuckDBGenerator, node: exp.Expr) -> str:
    row = find(node.this, len(node.expressions))
    if row is None:
        message = f"no translation for {node.this}"
        raise AssertionError(message)
    arguments = [generator.sql(argument) for argument in node.expressions]
    return _filled(row.sql, arguments)


def _filled(template: str, arguments: list[str]) -> str:
    """The template with its arguments, which are generated SQL and may contain `$`."""
    parts = template.split("$")
    text = parts[0]
    for part in parts[1:]:
        if part.startswith("||"):
            text += " || ".join(f"({argument})" for argument in arguments) + part[2:]
        elif part.startswith("*"):
            text += ", ".join(arguments) + part[1:]
        elif part.startswith("rest"):
            text += ", ".join(arguments[1:]) + part[4:]
        else:
            text += arguments[int(part[0]) - 1] + part[1:]
    return text


def _ignore_nulls_sql(generator: DuckDBGenerator, node: exp.IgnoreNulls) -> str:
    """DuckDB wants the words inside the call's parentheses, as its last ones."""
    inner = generator.sql(node, "this")
    if isinstance(node.this, AnyCall):
        return f"{inner[:-1]} IGNORE NULLS)"
    return f"{inner} IGNORE NULLS"


class TargetGenerator(DuckDBGenerator):
    """DuckDB's generator, with our calls."""

    TRANSFORMS = {
        **DuckDBGenerator.TRANSFORMS,
        Call: _call_sql,
        AggregateCall: _call_sql,
        exp.IgnoreNulls: _ignore_nulls_sql,
    }


class Target(DuckDB):
    """DuckDB as the target of the translation."""

    Generator = TargetGenerator
