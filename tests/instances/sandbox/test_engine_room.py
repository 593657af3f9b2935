"""The engine is opened beside the server, which answers meanwhile, or for good."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from instances.sandbox.app import build_app
from instances.sandbox.clock import SandboxClock
from instances.sandbox.engine.contract import (
    AdvertiserInfo,
    Column,
    Query,
    QueryCancelled,
    QueryFailed,
    Result,
)
from instances.sandbox.engine_room import EngineMissing, EngineRoom, SqlEngine
from instances.sandbox.state import Sandbox, Settings
from tests.instances.sandbox.client import CLIENT, CLIENT_ID, SQL, WINDOW

EXECUTIONS = "/amc/reporting/amcsandbox01/workflowExecutions"


class Stub:
    """An engine that does what it was told, when it was told."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.cancelled = threading.Event()
        self.running = threading.Event()
        self.begun = threading.Semaphore(0)
        self.trouble: Exception | None = None

    def check(self, query: Query) -> None:
        return None

    def run(
        self,
        query: Query,
        folder: Path,
        *,
        rows_per_file: int = 0,
        gzip: bool = False,
        key: str = "",
    ) -> Result:
        self.running.set()
        self.begun.release()
        assert self.gate.wait(10)
        if self.trouble is not None:
            raise self.trouble
        if self.cancelled.is_set():
            raise QueryCancelled
        file = folder / "part.csv"
        file.write_text("one\n1\n")
        column = Column(name="one", data_type="LONG", column_type="METRIC")
        return Result(columns=(column,), files=(file,), rows=1, metadata={})

    def cancel(self, key: str) -> None:
        self.cancelled.set()
        self.gate.set()

    def data_sources(self) -> list[Mapping[str, object]]:
        return [{"dataSourceId": "t", "columns": []}]

    def advertisers(self) -> list[AdvertiserInfo]:
        return []

    def advertisers_of(self, instance_number: int) -> frozenset[int]:
        return frozenset({1})

    def close(self) -> None:
        self.gate.set()


class Served:
    """A sandbox asked in-process, without a port."""

    def __init__(
        self, folder: Path, open_engine: Callable[[SandboxClock], SqlEngine]
    ) -> None:
        settings = Settings(data_dir=folder, patience_seconds=0.2)
        self.sandbox = Sandbox(settings, open_engine=open_engine)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(build_app(self.sandbox)),
            base_url="http://127.0.0.1",
        )

    async def sign_in(self) -> None:
        self.sandbox.engine_room.start()
        fields = {"grant_type": "refresh_token", "refresh_token": "Atzr|sandbox"}
        answer = await self.client.post("/auth/o2/token", data={**fields, **CLIENT})
        token = answer.json()["access_token"]
        self.client.headers = httpx.Headers(
            {
                "Authorization": f"Bearer {token}",
                "Amazon-Advertising-API-ClientID": CLIENT_ID,
                "Amazon-Advertising-API-AdvertiserId": "ENTITY1SANDBOX",
                "Amazon-Advertising-API-MarketplaceId": "ATVPDKIKX0DER",
            }
        )

    async def submit(self) -> str:
        body = {"workflow": {"sqlQuery": SQL}, **WINDOW}
        response = await self.client.post(EXECUTIONS, json=body)
        assert response.status_code == 200, response.text
        return str(response.json()["workflowExecutionId"])

    async def get(self, execution_id: str) -> dict[str, Any]:
        return dict((await self.client.get(f"{EXECUTIONS}/{execution_id}")).json())

    async def end(self, execution_id: str) -> dict[str, Any]:
        """What it ends as, long after everybody knows."""
        self.sandbox.clock.advance(timedelta(minutes=1))
        return await self.get(execution_id)


Open = Callable[[SandboxClock], SqlEngine]


def tell(folder: Path, open_engine: Open, story: Callable[[Served], Any]) -> None:
    async def told() -> None:
        served = Served(folder, open_engine)
        await served.sign_in()
        try:
            await story(served)
        finally:
            served.sandbox.stop()
            await served.client.aclose()

    asyncio.run(told())


def test_the_server_answers_while_the_engine_is_being_opened(tmp_path: Path) -> None:
    stub, may_open = Stub(), threading.Event()
    stub.gate.set()

    def open_engine(clock: SandboxClock) -> SqlEngine:
        assert may_open.wait(10)
        return stub

    async def story(served: Served) -> None:
        before = await served.client.get("/_sandbox/ready")
        execution_id = await served.submit()
        waiting = await served.end(execution_id)

        may_open.set()
        await served.sandbox.engine_room.engine()
        after = await served.client.get("/_sandbox/ready")

        assert (before.status_code, after.status_code) == (503, 200)
        assert waiting["status"] == "RUNNING"
        assert (await served.end(execution_id))["status"] == "SUCCEEDED"

    tell(tmp_path, open_engine, story)


@pytest.mark.filterwarnings("default")
def test_an_engine_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    def open_engine(clock: SandboxClock) -> SqlEngine:
        raise OSError("No space left on device")

    async def story(served: Served) -> None:
        with pytest.raises(EngineMissing):
            await served.sandbox.engine_room.engine()

        ready = await served.client.get("/_sandbox/ready")
        execution = await served.end(await served.submit())
        sources = await served.client.get("/amc/reporting/amcsandbox01/dataSources")

        trouble = "No space left on device"
        assert (ready.status_code, ready.json()["trouble"]) == (503, trouble)
        assert (execution["status"], execution["statusReason"]) == ("FAILED", trouble)
        assert (sources.status_code, sources.json()["details"]) == (500, trouble)

    tell(tmp_path, open_engine, story)


def test_sql_that_takes_longer_than_the_clock_keeps_running(tmp_path: Path) -> None:
    stub = Stub()

    async def story(served: Served) -> None:
        execution_id = await served.submit()
        behind = await served.end(execution_id)
        seen_at = served.sandbox.clock.now()

        stub.gate.set()
        done = await served.end(execution_id)

        assert (behind["status"], done["status"]) == ("RUNNING", "SUCCEEDED")
        history = served.sandbox.executions.since(0, limit=1)[0].history
        assert history[-1].at >= seen_at - timedelta(seconds=1)

    tell(tmp_path, lambda clock: stub, story)


def test_cancelling_stops_the_sql(tmp_path: Path) -> None:
    stub = Stub()

    async def story(served: Served) -> None:
        await served.sandbox.engine_room.engine()
        execution_id = await served.submit()
        assert await asyncio.to_thread(stub.running.wait, 10)

        await served.client.put(
            f"{EXECUTIONS}/{execution_id}", json={"status": "CANCELLED"}
        )

        assert stub.cancelled.is_set()
        assert (await served.end(execution_id))["status"] == "CANCELLED"

    tell(tmp_path, lambda clock: stub, story)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (QueryFailed("Out of memory."), "Out of memory."),
        (ZeroDivisionError(), "The execution failed because of an internal error."),
    ],
)
def test_sql_that_breaks_fails_its_execution(
    tmp_path: Path, trouble: Exception, reason: str
) -> None:
    stub = Stub()
    stub.trouble = trouble
    stub.gate.set()

    async def story(served: Served) -> None:
        execution = await served.end(await served.submit())

        assert (execution["status"], execution["statusReason"]) == ("FAILED", reason)

    tell(tmp_path, lambda clock: stub, story)


def test_four_run_at_once(tmp_path: Path) -> None:
    stub = Stub()

    async def story(served: Served) -> None:
        await served.sandbox.engine_room.engine()
        for _ in range(6):
            await served.submit()
        for _ in range(4):
            assert await asyncio.to_thread(stub.begun.acquire, timeout=10)

        assert not stub.begun.acquire(timeout=0.05)
        stub.gate.set()
        assert await asyncio.to_thread(stub.begun.acquire, timeout=10)

    tell(tmp_path, lambda clock: stub, story)


def test_who_gives_up_waiting_for_the_engine_spoils_it_for_nobody() -> None:
    may_open = threading.Event()

    def open_engine() -> SqlEngine:
        assert may_open.wait(10)
        return Stub()

    async def story() -> None:
        room = EngineRoom(open_engine)
        room.start()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(room.engine(), timeout=0.01)
        may_open.set()
        assert await room.engine()
        room.stop()

    asyncio.run(story())
