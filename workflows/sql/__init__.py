"""Whether SQL can be sent to Amazon, and the one line that is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from instances.messages import shown
from workflows.errors import InvalidSql
from workflows.sql.lexer import BLANK, Kind, Token, tokens

# Not published by Amazon; so much is known to work.
MAX_BYTES = 100_000
_TYPOGRAPHIC_QUOTES = frozenset("‘’‚‛“”„‟′″´«»")
_LAYOUT = frozenset("\t\n\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CLOSING = {"(": ")", "[": "]"}


def one_line(sql: str) -> str:
    """The same statement on one line: no comments, single spaces, no semicolon.

    Amazon wants one line, in which a -- comment would swallow the rest of the query.
    Texts in quotes stay as they are.
    """
    parts: list[str] = []
    for token in tokens(sql):
        blank = token.kind in BLANK
        if blank and parts and parts[-1] != " ":
            parts.append(" ")
        elif not blank:
            parts.append(token.text)
    while parts and parts[-1] in (" ", ";"):
        parts.pop()
    return "".join(parts)


def check_sql(sql: object) -> None:
    """Raise InvalidSql, with the position, for what Amazon could not run anyway."""
    if not isinstance(sql, str):
        raise InvalidSql("The SQL must be text.", code="type")
    _check_size(sql)
    _check_characters(sql)
    found = list(tokens(sql))
    for token in found:
        _check_token(sql, token)
    code = [token for token in found if token.kind not in BLANK]
    if not code:
        raise InvalidSql("The SQL is empty: there is nothing to run.", position=0)
    _check_brackets(sql, code)
    _check_single_statement(sql, code)


def place(sql: str, position: int) -> str:
    """Where that is, for people: such as "line 2, column 5"."""
    line = sql.count("\n", 0, position) + 1
    column = position - (sql.rfind("\n", 0, position) + 1) + 1
    return f"line {line}, column {column}"


def _check_characters(sql: str) -> None:
    found = _CONTROL.search(sql)
    if found is not None:
        raise _invalid(
            sql,
            found.start(),
            f"the character {shown(found.group())} cannot be sent; remove it.",
            code="sql_charset",
        )


def _check_size(sql: str) -> None:
    # No character is shorter than a byte, and lone surrogates have no bytes at all.
    size = len(sql) if len(sql) > MAX_BYTES else len(sql.encode(errors="replace"))
    if size > MAX_BYTES:
        raise InvalidSql(
            f"The SQL has more than the {MAX_BYTES:,} bytes that are allowed.",
            code="sql_too_long",
        )


def _check_token(sql: str, token: Token) -> None:
    if token.kind is Kind.UNCLOSED:
        opening = token.text[:2] if token.text.startswith("/*") else token.text[0]
        raise _invalid(sql, token.start, f"the {opening} here is never closed.")
    if token.kind in (Kind.LITERAL, Kind.IDENTIFIER):
        _check_stays_on_a_line(sql, token)
    if token.kind is Kind.SYMBOL:
        _check_symbol(sql, token)


def _check_stays_on_a_line(sql: str, token: Token) -> None:
    for offset, character in enumerate(token.text):
        if character in _LAYOUT:
            raise _invalid(
                sql,
                token.start + offset,
                f"the text in quotes that begins at {place(sql, token.start)} has a "
                "line break or tab in it. Amazon takes SQL on one line only; perhaps "
                "a quote is missing.",
                code="newline_in_literal",
            )


def _check_symbol(sql: str, token: Token) -> None:
    if token.text in _TYPOGRAPHIC_QUOTES:
        raise _invalid(
            sql,
            token.start,
            f"{token.text} is a typographic quote. Use the straight quote ' for texts.",
            code="sql_charset",
        )
    if unicodedata.category(token.text) == "Cf":
        raise _invalid(
            sql,
            token.start,
            f"there is an invisible character, {shown(token.text)}; remove it.",
            code="sql_charset",
        )


def _check_brackets(sql: str, code: Iterable[Token]) -> None:
    opened: list[Token] = []
    for token in code:
        if token.kind is not Kind.SYMBOL:
            continue
        if token.text in _CLOSING:
            opened.append(token)
        elif token.text in _CLOSING.values():
            if not opened or _CLOSING[opened[-1].text] != token.text:
                raise _invalid(sql, token.start, f"this {token.text} closes nothing.")
            opened.pop()
    if opened:
        last = opened[-1]
        raise _invalid(sql, last.start, f"the {last.text} here is never closed.")


def _check_single_statement(sql: str, code: list[Token]) -> None:
    ends = [index for index, token in enumerate(code) if token.text == ";"]
    if ends and ends[0] == 0:
        raise _invalid(sql, code[0].start, "a statement must come before the “;”.")
    if ends and ends[0] < len(code) - 1:
        second = code[ends[0] + 1]
        raise _invalid(
            sql, second.start, "a second statement begins here; one is allowed."
        )


def _invalid(
    sql: str, position: int, message: str, *, code: str = "sql_syntax"
) -> InvalidSql:
    where = place(sql, position)
    return InvalidSql(
        f"{where[0].upper()}{where[1:]}: {message}", code=code, position=position
    )
