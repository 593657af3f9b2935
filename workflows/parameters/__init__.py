"""The values of a workflow's parameters: merged, evaluated, checked and rendered.

The order for a run: `merge` the levels, `evaluate` what follows the window, `typed` by
the declarations; then `render` gets those of `placeholders(sql)`, and Amazon gets
those of `custom_parameters(sql)` in the form that `check` returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from instances.messages import shown
from workflows.errors import InvalidParameter
from workflows.parameters.declarations import Declaration, declarations_of
from workflows.parameters.expressions import check_expressions, evaluate
from workflows.parameters.literals import Scalar, invalid
from workflows.parameters.rendering import placeholders, render
from workflows.parameters.types import TYPES, Sent
from workflows.sql.lexer import BLANK, Kind, tokens

__all__ = [
    "check",
    "check_declarations",
    "check_expressions",
    "check_references",
    "custom_parameters",
    "evaluate",
    "merge",
    "placeholders",
    "render",
    "typed",
]

MAX_ITEMS = 1000
Value: TypeAlias = Scalar | list[Scalar]


def merge(*levels: Mapping[str, object] | None) -> dict[str, object]:
    """All values by name; a later level overrules the ones before it."""
    merged: dict[str, object] = {}
    for level in levels:
        merged.update(level or {})
    return merged


def check(
    declarations: object, values: Mapping[str, object]
) -> dict[str, Sent | list[Sent]]:
    """The values as Amazon's parameterValues, defaults included.

    Raises InvalidParameter for a value that is undeclared, missing or of another type.
    """
    declared = declarations_of(declarations)
    return {
        name: _sent(declared[name], value)
        for name, value in _typed(declared, values).items()
    }


def typed(declarations: object, values: Mapping[str, object]) -> dict[str, Value]:
    """The same values as Python has them, which is how `render` takes them."""
    return _typed(declarations_of(declarations), values)


def check_declarations(declarations: object) -> None:
    """Raise InvalidParameter for a bad declaration, or a default of another type."""
    for declaration in declarations_of(declarations).values():
        if declaration.default is not None:
            _read(declaration, declaration.default)


def check_references(sql: str, declarations: object) -> None:
    """Raise InvalidParameter for a name that the SQL uses and nobody declares."""
    declared = declarations_of(declarations)
    for name in (*placeholders(sql), *custom_parameters(sql)):
        if name not in declared:
            raise invalid(
                shown(name), "undeclared", "is used in the SQL, but not declared"
            )


def custom_parameters(sql: str) -> tuple[str, ...]:
    """The names in CUSTOM_PARAMETER('…'), each once, in their order."""
    return tuple(dict.fromkeys(_custom_parameters(sql)))


def _custom_parameters(sql: str) -> Iterator[str]:
    code = [token for token in tokens(sql) if token.kind not in BLANK]
    for word, opening, name in zip(code, code[1:], code[2:], strict=False):
        if (
            word.text.upper() == "CUSTOM_PARAMETER"
            and opening.text == "("
            and name.kind is Kind.LITERAL
        ):
            yield name.text[1:-1].replace("''", "'")


def _typed(
    declared: Mapping[str, Declaration], values: Mapping[str, object]
) -> dict[str, Value]:
    if not isinstance(values, Mapping):
        raise InvalidParameter(
            "The values must be an object with a value for each name.",
            code="type",
            field="parameters",
        )
    for name in map(str, values):
        if name not in declared:
            raise invalid(shown(name), "unknown", "is no parameter of this workflow")
    return {
        name: _value(declaration, values.get(name))
        for name, declaration in declared.items()
    }


def _value(declaration: Declaration, given: object) -> Value:
    value = declaration.default if given is None else given
    if value is None:
        raise invalid(declaration.name, "missing", "needs a value")
    return _read(declaration, value)


def _read(declaration: Declaration, value: object) -> Value:
    read, name = TYPES[declaration.data_type].read, declaration.name
    if not declaration.is_array:
        return read(name, value)
    if not isinstance(value, list | tuple):
        raise invalid(name, "type", "must be a list")
    if not value:
        raise invalid(name, "empty_list", "is an empty list")
    if len(value) > MAX_ITEMS:
        raise invalid(
            name, "too_many", f"has {len(value):,} items; {MAX_ITEMS:,} are allowed"
        )
    return [read(name, item) for item in value]


def _sent(declaration: Declaration, value: Value) -> Sent | list[Sent]:
    send = TYPES[declaration.data_type].send
    return list(map(send, value)) if isinstance(value, list) else send(value)
