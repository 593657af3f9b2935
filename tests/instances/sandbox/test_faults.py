"""Which calls a fault meets, how often, and what is refused when one is switched on."""

from __future__ import annotations

from typing import Any

import pytest

from instances.sandbox.fault_kinds import KINDS
from instances.sandbox.fault_requests import read_rule
from instances.sandbox.faults import RULES_KEPT, Faults, InvalidFault
from tests.instances.sandbox.makers import START, after, make_call, make_rule


def pattern(rule_fields: dict[str, Any], calls: int = 10) -> str:
    """One letter for each call: x harmed, . unharmed."""
    rule = make_rule("server_error", **rule_fields)
    return "".join("x" if rule.strikes(make_call()) else "." for _ in range(calls))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "xxxxxxxxxx"),
        ({"count": 2}, "xx........"),
        ({"skip": 3}, "...xxxxxxx"),
        ({"skip": 1, "count": 1}, ".x........"),
        ({"probability": 0}, ".........."),
        ({"probability": 1}, "xxxxxxxxxx"),
    ],
)
def test_count_and_skip_say_which_calls(fields: dict[str, Any], expected: str) -> None:
    assert pattern(fields) == expected


def test_a_probability_is_the_same_for_the_same_seed() -> None:
    first, again, other = (
        pattern({"probability": 0.3, "seed": seed}, calls=200) for seed in (1, 1, 2)
    )

    assert first == again != other
    assert 30 < first.count("x") < 90


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, True),
        ({"operation": "createWorkflowExecution"}, True),
        ({"operation": ["token", "createWorkflowExecution"]}, True),
        ({"operation": "token"}, False),
        ({"instance": "amcsandbox01"}, True),
        ({"instance": "amcsandbox02"}, False),
        ({"account": "ENTITY1SANDBOX"}, True),
        ({"account": "ENTITY2SANDBOX"}, False),
        ({"body_contains": "dev-17-"}, True),
        ({"body_contains": "dev-18-"}, False),
        ({"instance": "amcsandbox01", "account": "ENTITY2SANDBOX"}, False),
    ],
)
def test_everything_selected_must_fit(fields: dict[str, Any], fits: bool) -> None:
    rule = make_rule("server_error", **fields)

    assert rule.strikes(make_call(body="/* amc-scheduler dev-17-ab */")) is fits


def test_calls_that_do_not_fit_are_not_counted() -> None:
    rule = make_rule("server_error", instance="amcsandbox02", count=1)

    rule.strikes(make_call())

    assert (rule.seen, rule.hits) == (0, 0)
    assert rule.strikes(make_call(instance="amcsandbox02"))


def test_a_fault_may_end_by_the_clock() -> None:
    rule = make_rule("server_error", for_seconds=30)

    assert rule.strikes(make_call(seconds=29.9))
    assert not rule.strikes(make_call(seconds=30))
    assert rule.is_spent(after(30))


def test_a_harmed_call_remembers_by_what() -> None:
    call = make_call()

    make_rule("server_error").strikes(call)

    assert call.suffered == ["f1 server_error"]


def test_the_oldest_fault_that_fits_is_the_one_that_harms() -> None:
    faults = Faults()
    for rule_id in ("f1", "f2"):
        content = {"kind": "server_error", "count": 1}
        faults.add(read_rule(content, rule_id=rule_id, now=START, last_execution=0))

    harmed = [faults.strike("server_error", make_call()) for _ in range(3)]

    assert [rule.id if rule else None for rule in harmed] == ["f1", "f2", None]


def test_there_is_an_end_to_how_many_faults_are_kept() -> None:
    faults = Faults()
    rule = make_rule("slow")
    for number in range(RULES_KEPT):
        rule.id = f"f{number}"
        faults.add(rule)

    with pytest.raises(InvalidFault, match="clear some"):
        faults.add(make_rule("slow"))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_can_be_switched_on_with_its_defaults(name: str) -> None:
    rule = make_rule(name)

    assert rule.options == KINDS[name].options
    assert rule.selector.operations == KINDS[name].operations


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": None}, "kind must be one of"),
        ({"kind": "gremlins"}, "kind must be one of"),
        ({"kind": ["slow"]}, "kind must be one of"),
        ({"second": 1}, "slow does not take second; it takes"),
        ({"operation": "fetch"}, "operation of slow must be among"),
        ({"operation": []}, "operation of slow must be among"),
        ({"operation": [7]}, "operation of slow must be among"),
        ({"instance": 1}, "instance must be text"),
        ({"account": ["x"]}, "account must be text"),
        ({"count": 0}, "count must be at least 1"),
        ({"count": "1"}, "count must be a number"),
        ({"count": True}, "count must be a number"),
        ({"skip": -1}, "skip must be at least 0"),
        ({"probability": 1.1}, "probability must be from 0 to 1"),
        ({"probability": float("nan")}, "probability must be"),
        ({"for_seconds": -1}, "for_seconds must be at least 0"),
        ({"seconds": "long"}, "seconds must be a number"),
        ({"seconds": True}, "seconds must be a number"),
        ({"after_work": 1}, "after_work must be true or false"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidFault, match=message):
        read_rule({"kind": "slow", **fields}, rule_id="f1", now=START, last_execution=0)


def test_a_kind_meets_only_operations_it_makes_sense_for() -> None:
    with pytest.raises(
        InvalidFault, match="operation of cancel_lost must be among upd"
    ):
        make_rule("cancel_lost", operation="token")
