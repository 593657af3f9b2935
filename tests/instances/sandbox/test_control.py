"""The sandbox's own controls, for this machine only."""

from __future__ import annotations

import socket
import time
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from instances.sandbox.control import is_local
from instances.sandbox.fault_kinds import KINDS
from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient


def request_from(peer: str, **headers: str) -> Request:
    sent = {"host": "127.0.0.1:8899", **headers}
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("127.0.0.1", 8899),
            "path": "/_sandbox/ledger",
            "query_string": b"",
            "client": (peer, 5000),
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
        }
    )


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.9.1", {}, True),
        ("::1", {"host": "[::1]:8899"}, True),
        ("127.0.0.1", {"host": "localhost:8899"}, True),
        ("192.168.1.7", {}, False),
        ("::ffff:10.0.0.1", {}, False),
        ("127.0.0.1", {"host": "evil.example:8899"}, False),
        ("127.0.0.1", {"origin": "http://evil.example"}, False),
        ("127.0.0.1", {"origin": "http://127.0.0.1:8000"}, False),
        ("127.0.0.1", {"origin": "null"}, False),
        ("127.0.0.1", {"origin": "http://127.0.0.1:8899"}, True),
    ],
)
def test_only_this_machine_and_no_foreign_page(
    peer: str, headers: dict[str, str], local: bool
) -> None:
    assert is_local(request_from(peer, **headers)) is local


def test_a_stranger_does_not_learn_that_there_are_controls(amc: Amc) -> None:
    response = amc.control.get("/_sandbox/faults", headers={"Host": "evil.example"})

    assert (response.status_code, response.json()) == (404, {"error": "Not found."})


def test_all_kinds_of_faults_are_explained(amc: Amc) -> None:
    kinds = amc.control.get("/_sandbox/faults").json()["kinds"]

    assert {kind["name"] for kind in kinds} == set(KINDS)
    assert all(kind["does"] and kind["operations"] for kind in kinds)


def test_a_fault_is_shown_with_what_it_did(amc: Amc, api: AmcClient) -> None:
    fault_id = amc.faults("throttled", count=1, operation="listWorkflowExecutions")
    api.list()

    [fault] = amc.control.get("/_sandbox/faults").json()["faults"]

    assert {k: fault[k] for k in ("id", "kind", "count", "hits", "seen", "spent")} == {
        "id": fault_id,
        "kind": "throttled",
        "count": 1,
        "hits": 1,
        "seen": 1,
        "spent": True,
    }
    assert fault["retry_after"] == "1"


def test_faults_are_cleared_one_by_one_or_all(amc: Amc) -> None:
    first, _ = amc.faults("slow"), amc.faults("drip")

    amc.clear_fault(first)
    left = amc.control.get("/_sandbox/faults").json()["faults"]
    amc.clear_faults()

    assert [fault["kind"] for fault in left] == ["drip"]
    assert amc.control.get("/_sandbox/faults").json()["faults"] == []
    assert amc.control.delete("/_sandbox/faults/f999").status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("/_sandbox/faults", "{", "not valid JSON"),
        ("/_sandbox/faults", "[]", "must be a JSON object"),
        ("/_sandbox/faults", "{}", "kind must be one of"),
        ("/_sandbox/clock", "{}", "one or more of advance, now, rate, speed"),
        ("/_sandbox/clock", '{"later": 1}', "one or more of"),
        ("/_sandbox/clock", '{"now": "tomorrow"}', "ISO 8601"),
        ("/_sandbox/clock", '{"now": 5}', "ISO 8601"),
        ("/_sandbox/clock", '{"advance": "1h"}', "advance must be a number"),
        ("/_sandbox/clock", '{"rate": -1}', "rate must be between 0"),
        ("/_sandbox/clock", '{"speed": true}', "speed must be a number"),
        ("/_sandbox/clock", '{"advance": NaN}', "advance must be between"),
        ("/_sandbox/tokens", "{}", "access_tokens"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_done(
    amc: Amc, path: str, content: str, message: str
) -> None:
    before = amc.clock(rate=0)

    response = amc.control.post(path, content=content)

    assert response.status_code == 400
    assert message in response.json()["error"]
    assert amc.control.get("/_sandbox/clock").json() == before


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01", "2026-11-01T00:00:00+00:00"),
    ],
)
def test_the_clock_is_set_in_any_zone(amc: Amc, given: str, shown: str) -> None:
    assert amc.clock(now=given)["now"] == shown


def test_several_things_about_the_clock_at_once(amc: Amc) -> None:
    clock = amc.clock(now="2026-11-01T00:00:00Z", advance=90, rate=0, speed=2.5)

    assert clock == {"now": "2026-11-01T00:01:30+00:00", "rate": 0, "speed": 2.5}


def test_the_clock_runs_at_the_rate_that_is_set(amc: Amc) -> None:
    begun = amc.clock(now="2026-11-01T00:00:00Z", rate=100_000)["now"]

    assert amc.now() > begun


def test_reset_is_as_if_just_started(amc: Amc, api: AmcClient) -> None:
    api.submitted()
    api.reporting(
        "POST", "workflows", json={"workflowId": "w", "sqlQuery": "SELECT 1 AS x"}
    )
    amc.faults("forbidden", operation="listWorkflows")
    amc.revoke("Atzr|sandbox")
    amc.clock(now="2030-01-01T00:00:00Z", rate=0, speed=9)

    amc.reset()

    api.sign_in("Atzr|sandbox")
    assert amc.executions() == []
    assert api.listed() == []
    assert api.reporting("GET", "workflows").json()["workflows"] == []
    clock: dict[str, Any] = amc.control.get("/_sandbox/clock").json()
    assert clock["now"].startswith("2026-11-23T14:12:0")
    assert (clock["rate"], clock["speed"]) == (1.0, 0)


def test_what_began_before_a_reset_does_not_reach_beyond_it(
    amc: Amc, api: AmcClient
) -> None:
    amc.faults("slow", operation="createWorkflowExecution", seconds=0.1)
    api.http.timeout = httpx.Timeout(0.02)
    with pytest.raises(httpx.ReadTimeout):
        api.submit()

    amc.reset()
    time.sleep(0.15)

    assert amc.executions() == []
    assert amc.requests() == []


def test_a_malformed_request_does_not_bring_it_down(amc: Amc) -> None:
    address = httpx.URL(amc.base_url)
    with socket.create_connection((address.host, address.port or 0), 5) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")

    assert amc.now()
