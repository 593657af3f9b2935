"""What commands print: a table for people, JSON and CSV for machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflows.results.formulas import harmless

FORMS = ("table", "json", "csv")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Rows in two shapes: `items` have the API's names, `rows` are for people.

    `schema` is stable as long as its number. `facts` stand beside the items in JSON.
    """

    schema: str
    items: Sequence[Mapping[str, Any]]
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    facts: Mapping[str, Any] = field(default_factory=dict)


def as_text(
    listing: Listing, form: str, *, now: datetime, width: int | None = None
) -> str:
    """The listing in one of FORMS; empty when there is nothing to print.

    `width` is that of the terminal, to which cells of tables are cut; None elsewhere.
    """
    if form == "json":
        return _json(listing, now)
    if form == "csv":
        return _csv(listing)
    if not listing.rows:
        return ""
    return _fitting_table(listing, width) if width else _whole_table(listing)


def instant(moment: datetime | None) -> str | None:
    """A moment for machines: ISO 8601 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(text: str) -> str:
    """`text` on one line, without what would steer a terminal."""
    return "".join(mark if mark.isprintable() else "·" for mark in text)


def _json(listing: Listing, now: datetime) -> str:
    document = {
        "schema": listing.schema,
        "generated_at": instant(now),
        "count": len(listing.items),
        "items": listing.items,
        **listing.facts,
    }
    return json.dumps(document, default=_as_json, ensure_ascii=False, indent=2)


def _csv(listing: Listing) -> str:
    """Always with its header, as long as there is an item to name the columns."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, item in enumerate(listing.items):
        if number == 0:
            writer.writerow(item)
        writer.writerow([_cell(value) for value in item.values()])
    return text.getvalue()


def _whole_table(listing: Listing) -> str:
    """Nothing is cut; ten times as fast as a table that fits a terminal."""
    lines = [listing.headings, *([plain(cell) for cell in row] for row in listing.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - cell_len(cell))
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _fitting_table(listing: Listing, width: int) -> str:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="none")
    for heading in listing.headings:
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for row in listing.rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    text = StringIO()
    console = Console(file=text, width=width, color_system=None, force_terminal=False)
    console.print(table)
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant(value) or ""
    if isinstance(value, str):
        return harmless(value)
    return json.dumps(value, default=_as_json, ensure_ascii=False)


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else str(value)
