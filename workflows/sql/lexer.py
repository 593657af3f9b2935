"""SQL as tokens: enough to know what is text, what is a comment and what is code.

Nothing is refused here: whatever does not end (a quote, a comment) is one UNCLOSED
token. The texts of the tokens, put together, are the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    SPACE = "space"
    COMMENT = "comment"
    LITERAL = "literal"
    IDENTIFIER = "identifier"
    UNCLOSED = "unclosed"
    PLACEHOLDER = "placeholder"
    NUMBER = "number"
    WORD = "word"
    SYMBOL = "symbol"


# Kinds that mean nothing to the query.
BLANK = frozenset({Kind.SPACE, Kind.COMMENT})
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

# Possessive quantifiers (*+): a doubled quote is never taken for the end of a text.
# A minus right before a digit belongs to the number, so that negative and positive
# values make the same tokens. Calcite, whose dialect this is, knows // comments too.
_PATTERNS = {
    Kind.SPACE: r"\s+",
    Kind.COMMENT: r"(?:--|//)[^\r\n]*|/\*(?s:.*?)\*/",
    Kind.LITERAL: r"'(?:[^']++|'')*+'",
    Kind.IDENTIFIER: r'"(?:[^"]++|"")*+"|`(?:[^`]++|``)*+`',
    Kind.UNCLOSED: r"""(?:['"`]|/\*)(?s:.*)""",
    Kind.PLACEHOLDER: PLACEHOLDER.pattern.replace("(", "(?:"),
    Kind.NUMBER: r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    Kind.WORD: r"[^\W\d]\w*",
    Kind.SYMBOL: r"(?s:.)",
}
_TOKEN = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items())
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """`start` counts characters from 0."""

    kind: Kind
    text: str
    start: int


def tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(sql):
        kind = Kind(match.lastgroup or "")
        yield Token(kind=kind, text=match.group(), start=match.start())
