"""The time window: EXTEND_TIME_WINDOW, and the restriction of every base table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from instances.sandbox.engine.catalog import tables
from instances.sandbox.engine.errors import refused

DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?"
)
DAYS_OF_YEAR, DAYS_OF_MONTH = 365, 30
"""Years and months in a duration are not documented; these are our choice."""

NOTHING = timedelta(0)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 - as stored


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A placeholder of the translated query: a window's edge, moved by some time."""

    name: str
    edge: str
    moved: timedelta

    def value(self, start: datetime, end: datetime) -> datetime:
        """The moment for a run with this window; far beyond all data at the worst."""
        moment = start if self.edge == "start" else end
        try:
            return moment + self.moved
        except OverflowError:
            return FIRST if self.edge == "start" else LAST


def duration(text: str) -> timedelta | None:
    """An ISO 8601 duration such as P14D or PT12H, or None."""
    match = DURATION.fullmatch(text.upper())
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (
        int(part or 0) for part in match.groups()
    )
    return timedelta(
        days=years * DAYS_OF_YEAR + months * DAYS_OF_MONTH + weeks * 7 + days,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
    )


def replace_extended(sql: str, tree: exp.Expr) -> None:
    """Replace `[TABLE(]EXTEND_TIME_WINDOW('t', 'P1D', 'P1D')[)]` by the table `t`.

    The table node stays, and with it its alias; it carries the two durations.
    """
    for table in list(tree.find_all(exp.Table)):
        call = _extended_call(table.this)
        if call is not None:
            _extend(sql, table, call)


def _extended_call(node: object) -> exp.Anonymous | None:
    if not isinstance(node, exp.Anonymous):
        return None
    if node.name.upper() == "TABLE" and len(node.expressions) == 1:
        return _extended_call(node.expressions[0])
    return node if node.name.upper() == "EXTEND_TIME_WINDOW" else None


def _extend(sql: str, table: exp.Table, call: exp.Anonymous) -> None:
    arguments = call.expressions
    if len(arguments) != 3 or not all(argument.is_string for argument in arguments):
        message = (
            "EXTEND_TIME_WINDOW takes a table and two durations, each in quotes, such"
            " as EXTEND_TIME_WINDOW('dsp_impressions', 'P14D', 'P1D')"
        )
        raise refused(sql, call, message)
    name, before, after = (argument.name for argument in arguments)
    lengths = duration(before), duration(after)
    for text, length in zip((before, after), lengths, strict=True):
        if length is None:
            raise refused(sql, call, f"'{text}' is not an ISO 8601 duration")
    schema, _, bare = name.rpartition(".")
    identifier = exp.to_identifier(bare.lower(), quoted=True)
    identifier.meta.update(call.meta)
    table.set("this", identifier)
    table.set("db", exp.to_identifier(schema) if schema else None)
    table.meta["extended"] = lengths


def restrict(tree: exp.Expr) -> tuple[Bound, ...]:
    """Replace every base table by the rows of it that a run may see, in place.

    Which references are base tables only the scopes know: a CTE may carry the name of
    a table, and even select from it.
    """
    bounds: dict[str, Bound] = {}
    for table in _base_tables(tree):
        table.replace(_visible_rows(table, bounds))
    return tuple(bounds.values())


def _base_tables(tree: exp.Expr) -> list[exp.Table]:
    found = {
        id(source): source
        for scope in traverse_scope(tree)
        for source in scope.sources.values()
        if isinstance(source, exp.Table)
    }
    return list(found.values())


def _visible_rows(table: exp.Table, bounds: dict[str, Bound]) -> exp.Expr:
    before, after = table.meta.get("extended") or (NOTHING, NOTHING)
    conditions: list[exp.Expr] = [
        exp.LTE(this=_hidden("__avail"), expression=exp.Placeholder(this="now")),
        exp.Anonymous(
            this="list_contains",
            expressions=[exp.Placeholder(this="advertisers"), _hidden("__adv")],
        ),
    ]
    if tables()[table.name].windowed:
        start = _bound(bounds, "start", -before)
        end = _bound(bounds, "end", after)
        conditions += [
            exp.GTE(this=_hidden("__t"), expression=start),
            exp.LT(this=_hidden("__t"), expression=end),
        ]
    rows = exp.select("*").from_(exp.to_table(table.name)).where(*conditions)
    return rows.subquery(exp.to_identifier(table.alias_or_name, quoted=True))


def _hidden(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _bound(bounds: dict[str, Bound], edge: str, moved: timedelta) -> exp.Expr:
    name = f"{edge}_{abs(int(moved.total_seconds()))}"
    bounds[name] = Bound(name=name, edge=edge, moved=moved)
    return exp.Placeholder(this=name)


def used(
    bounds: Iterable[Bound], start: datetime, end: datetime
) -> dict[str, datetime]:
    """The placeholders' values for a run."""
    return {bound.name: bound.value(start, end) for bound in bounds}
