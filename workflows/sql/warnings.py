"""What is allowed in SQL, but will not do what people want at Amazon."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.sql import place
from workflows.sql.lexer import BLANK, tokens

# It begins where a word does, lest a long word be searched from each of its letters.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")
# With a country's code or with separators: bare digits are ids of campaigns.
_PHONE = re.compile(
    r"(?<![\w.])"
    r"(?:\+[0-9][0-9 ()./-]{7,}[0-9]|\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4})"
    r"(?![\w.])"
)
_KINDS = {"an e-mail address": _EMAIL, "a phone number": _PHONE}


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlWarning:
    """`code` is personal_data; `position` counts characters from 0."""

    code: str
    message: str
    position: int


def sql_warnings(sql: str) -> list[SqlWarning]:
    """Personal data in the code, which Amazon forbids. Comments are not sent."""
    return [
        SqlWarning(
            code="personal_data",
            message=f"There seems to be {kind} at {place(sql, position)}. Amazon "
            "refuses the results of queries with personal data in them.",
            position=position,
        )
        for token in tokens(sql)
        if token.kind not in BLANK
        for kind, pattern in _KINDS.items()
        for position in (
            token.start + match.start() for match in pattern.finditer(token.text)
        )
    ]
