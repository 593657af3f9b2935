"""The functions of AMC SQL: one table of name, arguments, result and translation.

To add a function, add a row to `function_rows` or `function_set_rows`. Everything that
other modules need to know of a function (how it parses, what it coerces, its type, its
threshold level, its SQL) is in its row.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from instances.sandbox.engine import function_rows as rows
from instances.sandbox.engine import function_set_rows as sets

Kind = Literal["scalar", "aggregate", "window"]


@dataclass(frozen=True, kw_only=True)
class Function:
    """One row.

    `arguments` are wanted kinds: `text`, `number`, `time` and `bool` are coerced to,
    `any` and `array` are left alone, `same` are brought to a common type; a last `*`
    repeats the kind before it any number of times, none included.
    `returns` is a type of DuckDB, `#1` (the first argument's), `=1`
    (the same, and the translation is cast to it), `[#1]` (an array of it),
    `item` (of the first argument) or `common` (of the `same` arguments).
    `sql` is the translation: `$1` … the arguments, `$*` all of them, `$rest` all but
    the first, `$||` all of them concatenated.
    `level_from` are the arguments whose threshold level the result has (None: all).
    """

    name: str
    arguments: tuple[str, ...]
    returns: str
    sql: str
    kind: Kind = "scalar"
    level_from: tuple[int, ...] | None = None

    @property
    def variadic(self) -> bool:
        return self.arguments[-1:] == ("*",)

    def wanted(self, position: int) -> str:
        """The kind of the argument at `position` (from 0)."""
        if self.variadic and position >= len(self.arguments) - 2:
            return self.arguments[-2]
        return self.arguments[position]

    def takes(self, count: int) -> bool:
        """Whether it can be called with `count` arguments."""
        if self.variadic:
            return count >= len(self.arguments) - 2
        return count == len(self.arguments)


def _function(row: rows.Row, kind: Kind) -> Function:
    name, arguments, returns, sql = row
    return Function(
        name=name,
        arguments=tuple(arguments.split()),
        returns=returns,
        sql=sql,
        kind=kind,
        level_from=sets.LEVELS_FROM.get(name),
    )


def _all() -> dict[str, tuple[Function, ...]]:
    found: dict[str, list[Function]] = defaultdict(list)
    for row in (
        *rows.TEXT,
        *rows.NUMBER,
        *rows.TIME,
        *sets.CONDITION,
        *sets.ARRAY,
    ):
        found[row[0]].append(_function(row, "scalar"))
    for row in sets.AGGREGATE:
        found[row[0]].append(_function(row, "aggregate"))
    for row in sets.WINDOW:
        found[row[0]].append(_function(row, "window"))
    return {name: tuple(same) for name, same in found.items()}


FUNCTIONS = _all()
"""The rows by name; a function with optional arguments has a row for each count."""


def find(name: str, arguments: int) -> Function | None:
    """The row for a call with this many arguments, or None."""
    for row in FUNCTIONS.get(name, ()):
        if row.takes(arguments):
            return row
    return None
