"""Faults in what Amazon answers: refused tokens, throttling, nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.smoke.amazon import consent
from config.smoke.api import Api
from tests.faults.person import PASSWORD
from tests.faults.stack import tree
from tests.faults.trial import Trial

pytestmark = pytest.mark.faults

HELD = "SELECT count(*) FROM amc_connections WHERE held_at IS NOT NULL"

FEW = {"copies": 3, "overlap_policy": "allow", "missed_policy": "all"}


@pytest.mark.quick
def test_f31_every_access_token_is_refused_for_a_while(trial: Trial):
    trial.begin(FEW | {"copies": 8})
    trial.wait(8)
    before = len(trial.amc.requests("token"))
    refused = trial.amc.faults("expired_token")
    trial.wait(15)
    trial.bit(trial.amc.hits(refused))
    trial.amc.clear_fault(refused)
    asked = len(trial.amc.requests("token")) - before

    trial.conclude()
    assert asked <= 15, f"{asked} refreshes"


def test_f32_the_refresh_token_is_refused_until_somebody_reconnects(trial: Trial):
    trial.begin(FEW)
    trial.wait(8)
    refused = trial.amc.faults("invalid_grant")
    trial.amc.expire_access_tokens()
    is_held = trial.wait_until(lambda: trial.count(HELD) == 1, 30)
    assert is_held, "the connection is not held"
    before = len(trial.amc.requests("token"))
    trial.wait(10)
    asked = len(trial.amc.requests("token")) - before
    alarms = trial.count("SELECT count(*) FROM alarms WHERE code = 'connection_held'")
    trial.bit(trial.amc.hits(refused))
    trial.amc.clear_faults()
    with Api(trial.stack.web_url) as person:
        person.log_in("owner1", PASSWORD)
        (held,) = person.pages("connections/")
        path = f"connections/{held['id']}/reconnect/"
        begun = person.post(path, {"region": "NA"})
        person.follow(consent(begun["url"]))

    trial.conclude()
    assert asked == 0, f"{asked} calls with a refused token"
    assert alarms == 1


@pytest.mark.parametrize("said", ["0", "30", "Wed, 21 Oct 2099 07:28:00 GMT", "soon"])
def test_f33_amazon_throttles_and_says_strange_things(trial: Trial, said: str):
    trial.begin(FEW)
    throttled = [
        trial.amc.faults("throttled", operation=each, retry_after=said, count=3)
        for each in ("createWorkflowExecution", "listWorkflowExecutions")
    ]
    trial.wait_until(lambda: trial.amc.hits(throttled[0]) >= 3, 40)
    trial.bit(sum(trial.amc.hits(each) for each in throttled))

    trial.conclude(only_in=["SUCCEEDED"], quiet_seconds=120)
    used = trial.count("SELECT max(attempts_used) FROM workflow_executions")
    assert used == 0, "being throttled used attempts up"


NONSENSE: list[dict[str, Any]] = [
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 502, "work_done": True},
    {"kind": "server_error", "status": 503},
    {"kind": "server_error", "status": 504, "work_done": True},
    {"kind": "garbage"},
    {"kind": "garbage", "body": "{}", "content_type": "application/json"},
    {"kind": "garbage", "body": "null", "content_type": "application/json"},
    {"kind": "garbage", "body": '{"workflowExecutionId": []}'},
    {"kind": "garbage", "body": '{"status": 1, "status": 2}'},
    {"kind": "truncated"},
    {"kind": "oversized", "megabytes": 30},
    {"kind": "oversized", "megabytes": 30, "gzip": True},
]


def test_f34_amazon_answers_nonsense_of_every_kind(trial: Trial):
    trial.begin(FEW)
    before = _memory(trial)
    faults = [
        trial.amc.faults(
            **fault, probability=0.06, seed=number, operation=operation, count=6
        )
        for number, fault in enumerate(NONSENSE)
        for operation in ("createWorkflowExecution", "listWorkflowExecutions")
    ]
    strange = trial.amc.faults("unknown_status", probability=0.2)
    trial.wait(25)
    trial.bit(sum(trial.amc.hits(fault) for fault in [*faults, strange]))

    trial.conclude(only_in=["SUCCEEDED", "FAILED amazon_unavailable"])
    grown = _memory(trial) - before
    assert grown < 200, f"the workers have grown by {grown} MB"


def test_f35_amazon_answers_one_byte_at_a_time(trial: Trial):
    trial.begin(FEW)
    slow = trial.amc.faults(
        "drip", operation="createWorkflowExecution", bytes_per_second=5.0, count=3
    )
    trial.wait_until(lambda: trial.amc.hits(slow) >= 3, 30)
    trial.bit(trial.amc.hits(slow))
    trial.wait(8)

    verdict = trial.conclude(only_in=["SUCCEEDED"])
    assert verdict.executions == verdict.expected, "adopted, not submitted again"


def test_f36_amazon_cannot_be_reached(trial: Trial):
    trial.begin(FEW)
    trial.wait(8)
    links = trial.stack.links_of("sandbox")
    for link in links:
        trial.stack.room.close_port(link)
    trial.wait(6)
    trial.bit(len(links))
    for link in links:
        trial.stack.room.open_port(link)

    trial.conclude(only_in=["SUCCEEDED", "FAILED amazon_unavailable"])


def _memory(trial: Trial) -> int:
    """MB of all workers."""
    pids = [
        pid
        for name in trial.stack.names("worker")
        for pid in tree(trial.stack.pid(name))
    ]
    pages = sum(
        int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        for pid in pids
        if Path(f"/proc/{pid}").exists()
    )
    return pages * 4096 // 1_000_000
