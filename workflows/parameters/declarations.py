"""What a workflow declares of its parameters: name, type, default."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from instances.messages import shown
from workflows.errors import InvalidParameter
from workflows.parameters.types import TYPES

MAX_DECLARATIONS = 50
ARRAY = "ARRAY"
_WRITTEN_AS_JSON = {"BOOLEAN", "BYTE", "SHORT", "INTEGER", "LONG"}
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """`data_type` is that of the items where `is_array`; no default is None."""

    name: str
    data_type: str
    is_array: bool
    default: object


def declarations_of(declared: object) -> dict[str, Declaration]:
    """Declarations by name, from the form in which Amazon takes inputParameters.

    That is a list of objects with `name`, `dataType` (a word, or an object with `type`
    ARRAY and `elementDataType`) and perhaps `defaultValue`. Raises InvalidParameter.
    """
    if not isinstance(declared, list | tuple):
        raise _invalid("", "type", "The declared parameters must be a list.")
    if len(declared) > MAX_DECLARATIONS:
        text = f"At most {MAX_DECLARATIONS} parameters may be declared."
        raise _invalid("", "too_many", text)
    found: dict[str, Declaration] = {}
    for declaration in map(_declaration, declared):
        if declaration.name in found:
            text = f"{declaration.name} is declared twice."
            raise _invalid(declaration.name, "duplicate", text)
        found[declaration.name] = declaration
    return found


def _declaration(item: object) -> Declaration:
    if not isinstance(item, Mapping):
        raise _invalid("", "type", "Each declared parameter must be an object.")
    name = _name(item.get("name"))
    data_type = item.get("dataType")
    is_array = isinstance(data_type, Mapping) and data_type.get("type") == ARRAY
    if isinstance(data_type, Mapping):
        data_type = data_type.get("elementDataType") if is_array else None
    if not isinstance(data_type, str) or data_type not in TYPES:
        raise _invalid(
            name,
            "type",
            f"{name} must have a dataType of {', '.join(TYPES)}, or an object with "
            "type ARRAY and one of these as elementDataType.",
        )
    return Declaration(
        name=name,
        data_type=data_type,
        is_array=is_array,
        default=_default(
            item.get("defaultValue"), is_json=is_array or data_type in _WRITTEN_AS_JSON
        ),
    )


def _default(written: object, *, is_json: bool) -> object:
    """The default as a value: Amazon's own form of it is text, whatever the type."""
    if not is_json or not isinstance(written, str):
        return written
    try:
        return json.loads(written)
    except ValueError:
        return written


def _name(name: object) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise _invalid(
        "",
        "name",
        f"“{shown(str(name))}” is no name for a parameter. Use letters, digits and "
        "underscores, at most 63 of them, and no digit first.",
    )


def _invalid(name: str, code: str, message: str) -> InvalidParameter:
    field = f"parameters.{name}" if name else "parameters"
    return InvalidParameter(message, code=code, field=field)
