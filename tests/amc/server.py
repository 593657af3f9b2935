"""A sandbox for tests: a process of its own, asked and told things over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.amc.conformance import violations

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".data" / "sandbox-tests"
IMPRESSIONS = 20_000
START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Amc:
    """What a test may do with the sandbox besides speaking Amazon's protocol to it."""

    base_url: str
    control: httpx.Client

    def faults(self, kind: str, **fields: Any) -> str:
        """Switch a fault on; returns its id."""
        return str(self._post("/_sandbox/faults", kind=kind, **fields)["id"])

    def hits(self, fault_id: str) -> int:
        """How often a fault did harm. One that never did proves nothing."""
        listed = self._get("/_sandbox/faults")["faults"]
        return int(next(fault["hits"] for fault in listed if fault["id"] == fault_id))

    def clear_faults(self) -> None:
        self.control.delete("/_sandbox/faults").raise_for_status()

    def clear_fault(self, fault_id: str) -> None:
        self.control.delete(f"/_sandbox/faults/{fault_id}").raise_for_status()

    def advance(self, seconds: float) -> None:
        self.clock(advance=seconds)

    def clock(self, **fields: Any) -> dict[str, Any]:
        """Set, move, slow or stop the clock, or change the speed; returns it."""
        return self._post("/_sandbox/clock", **fields)

    def now(self) -> str:
        return str(self._get("/_sandbox/clock")["now"])

    def revoke(self, refresh_token: str) -> None:
        self._post("/_sandbox/tokens", refresh_token=refresh_token)

    def expire_access_tokens(self) -> None:
        self._post("/_sandbox/tokens", access_tokens="all")

    def requests(self, operation: str = "") -> list[dict[str, Any]]:
        """What was asked since the last reset, oldest first."""
        asked = self.ledger()["requests"]
        return [r for r in asked if operation in ("", r["operation"])]

    def executions(self) -> list[dict[str, Any]]:
        """The executions that were made since the last reset, oldest first."""
        return list(self.ledger()["executions"])

    def ledger(self, **query: int) -> dict[str, Any]:
        """The first page, of a thousand, unless told otherwise."""
        return self._get("/_sandbox/ledger", **query)

    def reset(self) -> None:
        self._post("/_sandbox/reset")

    def broken_promises(self) -> list[str]:
        """What is wrong with the answers given since the last reset."""
        found = []
        for told in self._get("/_sandbox/answers")["answers"]:
            if not told["distorted"]:
                wrong = violations(
                    told["operation"], told["status"], parsed(told["body"])
                )
                found += [f"{told['operation']} {told['status']}: {w}" for w in wrong]
        return found

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return checked(self.control.get(path, params=query))

    def _post(self, path: str, **fields: Any) -> dict[str, Any]:
        return checked(self.control.post(path, json=fields))


def checked(response: httpx.Response) -> dict[str, Any]:
    """A control that was used wrongly is the test's mistake: say what it was."""
    assert response.is_success, response.text
    return dict(response.json())


def parsed(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body


@contextmanager
def sandbox_process(*arguments: str, data: Path = DATA) -> Iterator[Amc]:
    """A sandbox on a free port, with nothing in its environment, until the end."""
    command = [sys.executable, "-m", "instances.sandbox", "--port", "0"]
    options = ["--data", str(data), "--impressions", str(IMPRESSIONS)]
    process = subprocess.Popen(
        [*command, *options, "--record-answers", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={},
    )
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip().rpartition(" ")[2]
        with (
            process.stdout,
            httpx.Client(base_url=base_url, trust_env=False) as control,
        ):
            wait_until_ready(control)
            yield Amc(base_url=base_url, control=control)
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until_ready(control: httpx.Client) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while control.get("/_sandbox/ready").status_code != 200:
        assert time.monotonic() < give_up_at, control.get("/_sandbox/ready").text
        time.sleep(0.1)
