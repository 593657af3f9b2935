"""The faults that are switched on: whom they meet, and how often they did."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from instances.sandbox.calls import Call
from instances.sandbox.fault_kinds import Kind, Option

RULES_KEPT = 1_000

Condition = Callable[["Rule"], bool]
"""What else must hold for a rule to do harm, beside its selector."""


def always(rule: Rule) -> bool:
    return True


class InvalidFault(ValueError):
    """What was posted is no fault; the text names the field and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Selector:
    """Whom a fault meets: everything given must fit."""

    operations: tuple[str, ...]
    instance: str = ""
    account: str = ""
    body_contains: str = ""

    def fits(self, call: Call) -> bool:
        return (
            call.operation.name in self.operations
            and self.instance in ("", call.instance_id)
            and self.account in ("", call.account_id)
            and (not self.body_contains or self.body_contains in call.text)
        )


@dataclass(kw_only=True)
class Rule:
    """One fault that is switched on."""

    id: str
    kind: Kind
    selector: Selector
    options: Mapping[str, Option]
    after_execution: int
    """The number of the last execution made before it was switched on."""
    count: int | None = None
    """How many times at most; None: until it is cleared."""
    skip: int = 0
    """How many calls that fit pass unharmed first."""
    probability: float = 1.0
    seed: int = 0
    until: datetime | None = None
    seen: int = 0
    hits: int = 0
    cleared: bool = False
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 -- repeatable on purpose

    def is_spent(self, now: datetime) -> bool:
        used_up = self.count is not None and self.hits >= self.count
        return self.cleared or used_up or (self.until is not None and now >= self.until)

    def strikes(self, call: Call, *, when: Condition = always) -> bool:
        """Whether it does harm now; draws and counts once for each call that fits."""
        fits = self.selector.fits(call) and when(self)
        if self.is_spent(call.now) or not fits:
            return False
        self.seen += 1
        if self.seen <= self.skip or self._dice.random() >= self.probability:
            return False
        self.hits += 1
        call.suffered.append(f"{self.id} {self.kind.name}")
        return True

    def number(self, option: str) -> float:
        return float(self.options[option])

    def word(self, option: str) -> str:
        return str(self.options[option])

    def span(self, option: str = "seconds") -> timedelta:
        return timedelta(seconds=self.number(option))

    def is_on(self, option: str) -> bool:
        return bool(self.options[option])


class Faults:
    """All rules, oldest first."""

    def __init__(self) -> None:
        self._made = 0
        self._rules: dict[str, Rule] = {}

    def rules(self) -> list[Rule]:
        return list(self._rules.values())

    def add(self, rule: Rule) -> None:
        if len(self._rules) >= RULES_KEPT:
            raise InvalidFault(f"There are {RULES_KEPT} faults already; clear some.")
        self._rules[rule.id] = rule

    def next_id(self) -> str:
        self._made += 1
        return f"f{self._made}"

    def clear(self, rule_id: str) -> bool:
        rule = self._rules.pop(rule_id, None)
        if rule is not None:
            rule.cleared = True
        return rule is not None

    def clear_all(self) -> None:
        for rule_id in list(self._rules):
            self.clear(rule_id)

    def strike(self, kind: str, call: Call, *, when: Condition = always) -> Rule | None:
        """The first rule of this kind that harms the call, if any does."""
        for rule in self._rules.values():
            if rule.kind.name == kind and rule.strikes(call, when=when):
                return rule
        return None
