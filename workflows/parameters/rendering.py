"""Values written into SQL in the place of {{placeholders}}, so that they stay values.

The law: whatever the values are, the SQL keeps its tokens, in kind and in number. A
value can therefore neither end a text nor begin a comment, an identifier or another
statement. (A list makes as many tokens as it has items.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from instances.messages import shown
from workflows.errors import InvalidParameter
from workflows.parameters.literals import is_list, items_of, sql_of, text_of
from workflows.sql.lexer import BLANK, PLACEHOLDER, Kind, Token, tokens

# Symbols that no value can grow together with; beside others a space is put.
_SAFE_NEIGHBOURS = frozenset("()[],;=<>")
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")


def render(sql: str, values: Mapping[str, object]) -> str:
    """The SQL with every {{placeholder}} replaced by its value, in one pass.

    Raises InvalidParameter for a value that is missing, superfluous or cannot be
    written, and for a placeholder in a comment or in a quoted identifier.
    """
    found = list(tokens(sql))
    _check_names(_placeholders(found), values)
    return "".join(_rendered(found, values))


def placeholders(sql: str) -> tuple[str, ...]:
    """The names in {{…}}, each once, in their order.

    Raises InvalidParameter for a placeholder where no value can stand.
    """
    return tuple(dict.fromkeys(_placeholders(list(tokens(sql)))))


def _placeholders(found: Sequence[Token]) -> Iterator[str]:
    before = ""
    for token in found:
        names = PLACEHOLDER.findall(token.text)
        if names and token.kind not in (Kind.PLACEHOLDER, Kind.LITERAL):
            _refuse_place(names[0], token.kind)
        if names and token.kind is Kind.LITERAL and before in ("E", "e"):
            # In E'…' a backslash makes the next quote a part of the text.
            _refuse_place(names[0], token.kind)
        yield from names
        before = token.text
    _check_braces(found)


def _check_braces(found: Sequence[Token]) -> None:
    """Nothing that looks like a placeholder may be left in the SQL."""
    code = "".join(
        " " if token.kind in BLANK else PLACEHOLDER.sub(" ", token.text)
        for token in found
    )
    _, braces, rest = code.partition("{{")
    if braces:
        raise InvalidParameter(
            f"“{braces}{shown(rest, 20)}” is no placeholder. Write {{{{name}}}}, with "
            "letters, digits and underscores.",
            code="placeholder_syntax",
            field="parameters",
        )


def _refuse_place(name: str, kind: Kind) -> NoReturn:
    places = {
        Kind.COMMENT: ("placeholder_in_comment", "in a comment"),
        Kind.IDENTIFIER: ("placeholder_in_identifier", "in a quoted name"),
        Kind.LITERAL: ("placeholder_in_escaped_text", "in a text of the form E'…'"),
        Kind.UNCLOSED: ("placeholder_in_unclosed", "after a quote that is not closed"),
    }
    code, place = places[kind]
    raise InvalidParameter(
        f"{{{{{name}}}}} stands {place}, where no value can stand.",
        code=code,
        field=f"parameters.{name}",
    )


def _check_names(names: Iterator[str], values: Mapping[str, object]) -> None:
    if not isinstance(values, Mapping):
        raise InvalidParameter(
            "The values must be an object with a value for each name.",
            code="type",
            field="parameters",
        )
    used = dict.fromkeys(names)
    for name in used:
        if name not in values:
            raise InvalidParameter(
                f"{name} has no value, and the SQL needs one.",
                code="missing",
                field=f"parameters.{name}",
            )
    for name in values:
        if name not in used:
            raise InvalidParameter(
                f"The SQL has no {{{{{shown(str(name))}}}}}.",
                code="unknown",
                field=f"parameters.{shown(str(name))}",
            )


def _rendered(found: Sequence[Token], values: Mapping[str, object]) -> Iterator[str]:
    depth = 0
    for index, token in enumerate(found):
        if token.kind is Kind.LITERAL:
            yield PLACEHOLDER.sub(
                lambda name: text_of(name[1], values[name[1]]), token.text
            )
        elif token.kind is Kind.PLACEHOLDER:
            enclosed = depth > 0 and _is_item(found, index)
            yield _padded(found, index, _code(token, values, enclosed=enclosed))
        else:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            yield token.text


def _code(token: Token, values: Mapping[str, object], *, enclosed: bool) -> str:
    name = PLACEHOLDER.findall(token.text)[0]
    value = values[name]
    if not is_list(value):
        return sql_of(name, value)
    items = ", ".join(items_of(name, value))
    return items if enclosed else f"({items})"


def _is_item(found: Sequence[Token], index: int) -> bool:
    """Whether the neighbours make it one of the items in some parentheses."""
    before = _next_code(found, index, step=-1)
    after = _next_code(found, index, step=1)
    return before in (*_OPENING, ",") and after in (*_CLOSING, ",")


def _next_code(found: Sequence[Token], index: int, *, step: int) -> str:
    index += step
    while 0 <= index < len(found) and found[index].kind in BLANK:
        index += step
    return found[index].text if 0 <= index < len(found) else ""


def _padded(found: Sequence[Token], index: int, code: str) -> str:
    """With spaces where code and neighbour could be read as one token."""
    before = "" if index == 0 or _stays_apart(found[index - 1]) else " "
    last = index == len(found) - 1
    after = "" if last or _stays_apart(found[index + 1]) else " "
    return f"{before}{code}{after}"


def _stays_apart(neighbour: Token) -> bool:
    return neighbour.kind in BLANK or neighbour.text in _SAFE_NEIGHBOURS
