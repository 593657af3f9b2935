"""Comments in SQL, told apart from strings and quoted names that look like them."""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*|/\*.*?\*/", re.DOTALL
)

LAST_COMMENT = re.compile(r"\s*/\*[^*/]*\*/\s*\Z")


def without_comments(sql: str) -> str:
    return TOKEN.sub(lambda match: match["kept"] or "", sql).strip()


def without_last_comment(sql: str) -> str:
    """Without the block comment at its very end, where a caller leaves a mark."""
    return LAST_COMMENT.sub("", sql)
