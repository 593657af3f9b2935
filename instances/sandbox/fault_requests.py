"""What is posted to switch a fault on, checked field by field and made into a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from instances.sandbox.fault_kinds import KINDS, Kind, Option
from instances.sandbox.faults import InvalidFault, Rule, Selector

SELECTORS = ("operation", "instance", "account", "body_contains")
TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}
TIMES = ("count", "skip", "probability", "seed", "for_seconds")


def read_rule(
    content: Mapping[str, object], *, rule_id: str, now: datetime, last_execution: int
) -> Rule:
    """Raises InvalidFault for anything unknown, of the wrong type or out of range."""
    kind = read_kind(content.get("kind"))
    allowed = {"kind", *SELECTORS, *TIMES, *kind.options}
    if unknown := sorted(set(content) - allowed):
        raise InvalidFault(
            f"{kind.name} does not take {', '.join(unknown)}; "
            f"it takes {', '.join(sorted(allowed))}."
        )
    count = read_number(content, "count", at_least=1)
    life = read_number(content, "for_seconds", at_least=0)
    return Rule(
        id=rule_id,
        kind=kind,
        selector=read_selector(content, kind),
        options=read_options(content, kind),
        after_execution=last_execution,
        count=None if count is None else int(count),
        skip=int(read_number(content, "skip", at_least=0) or 0),
        probability=read_probability(content),
        seed=int(read_number(content, "seed", at_least=0) or 0),
        until=None if life is None else now + timedelta(seconds=life),
    )


def read_kind(name: object) -> Kind:
    if not isinstance(name, str) or name not in KINDS:
        raise InvalidFault(f"kind must be one of {', '.join(sorted(KINDS))}.")
    return KINDS[name]


def read_selector(content: Mapping[str, object], kind: Kind) -> Selector:
    return Selector(
        operations=read_operations(content.get("operation"), kind),
        instance=read_text(content, "instance"),
        account=read_text(content, "account"),
        body_contains=read_text(content, "body_contains"),
    )


def read_operations(given: object, kind: Kind) -> tuple[str, ...]:
    """One name or a list of names; without any, all that the fault can meet."""
    if given is None:
        return kind.operations
    names = given if isinstance(given, list) else [given]
    if not names or any(name not in kind.operations for name in names):
        raise InvalidFault(
            f"operation of {kind.name} must be among {', '.join(kind.operations)}."
        )
    return tuple(names)


def read_text(content: Mapping[str, object], field: str) -> str:
    value = content.get(field, "")
    if not isinstance(value, str):
        raise InvalidFault(f"{field} must be text.")
    return value


def read_number(
    content: Mapping[str, object], field: str, *, at_least: float
) -> float | None:
    value = content.get(field)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidFault(f"{field} must be a number.")
    if not at_least <= value < 1e12:
        raise InvalidFault(f"{field} must be at least {at_least:g}.")
    return value


def read_probability(content: Mapping[str, object]) -> float:
    value = read_number(content, "probability", at_least=0)
    if value is not None and value > 1:
        raise InvalidFault("probability must be from 0 to 1.")
    return 1.0 if value is None else value


def read_options(content: Mapping[str, object], kind: Kind) -> Mapping[str, Option]:
    return {name: read_option(content, kind, name) for name in kind.options}


def read_option(content: Mapping[str, object], kind: Kind, name: str) -> Option:
    """The value, when it is of the default's type; an int will do for a float."""
    default = kind.options[name]
    value, wanted = content.get(name, default), type(default)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted or not isinstance(value, str | int | float):
        raise InvalidFault(f"{name} must be {TYPE_NAMES[wanted]}.")
    if not kind.allows(name, value):
        raise InvalidFault(f"{value!r} does not do for {name} of {kind.name}.")
    return value
