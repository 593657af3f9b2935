"""Cells that a spreadsheet would take for formulas, made harmless. Pure."""

from __future__ import annotations

import re

# Spreadsheets also read the full-width forms, and look behind blanks.
_BEGINS_A_FORMULA = re.compile(r"[\ufeff \u00a0\u3000]*[=+\-@\t\r\n\0＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def harmless(cell: str) -> str:
    """The cell as text: with a `'` before what would be computed. −5 stays a number."""
    if _BEGINS_A_FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
