"""Opens the SQL engine beside the server and runs executions on it, four at a time."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from instances.sandbox.engine.contract import AdvertiserInfo, Query, Result

AT_ONCE = 4
"""More than this and DuckDB runs out of memory before it runs out of work."""

logger = logging.getLogger(__name__)

Done = TypeVar("Done")


class SqlEngine(Protocol):
    """What the server needs of `engine.engine.Engine`; all of it may block."""

    def check(self, query: Query) -> object: ...

    def run(
        self,
        query: Query,
        folder: Path,
        *,
        rows_per_file: int = ...,
        gzip: bool = ...,
        key: str = ...,
    ) -> Result: ...

    def cancel(self, key: str) -> None: ...

    def data_sources(self) -> Sequence[Mapping[str, object]]: ...

    def advertisers(self) -> list[AdvertiserInfo]: ...

    def advertisers_of(self, instance_number: int) -> frozenset[int]: ...

    def close(self) -> None: ...


class EngineMissing(Exception):
    """The engine could not be opened; `str()` says why."""


class EngineRoom:
    """Opening takes seconds the first time, so it happens in a thread of its own."""

    def __init__(self, open_engine: Callable[[], SqlEngine]) -> None:
        self._open_engine = open_engine
        self._opened: Future[SqlEngine] = Future()
        # From here on nobody who gives up waiting can cancel it for the others.
        self._opened.set_running_or_notify_cancel()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="execution")

    def start(self) -> None:
        threading.Thread(target=self._open, name="engine", daemon=True).start()

    def _open(self) -> None:
        try:
            self._opened.set_result(self._open_engine())
        except Exception as error:
            logger.exception("The SQL engine could not be opened.")
            self._opened.set_exception(EngineMissing(str(error)))

    @property
    def is_ready(self) -> bool:
        return self._opened.done() and self._opened.exception() is None

    @property
    def trouble(self) -> str:
        """Why it will never be ready; empty while it is or may be."""
        error = self._opened.exception() if self._opened.done() else None
        return str(error or "")

    async def engine(self) -> SqlEngine:
        """Waits until it is open; raises EngineMissing."""
        return await asyncio.wrap_future(self._opened)

    async def check(self, query: Query) -> None:
        """Raises QueryRefused. Off the event loop: a long SQL takes a second."""
        engine = await self.engine()
        await asyncio.to_thread(engine.check, query)

    def submit(self, work: Callable[[SqlEngine], Done]) -> Future[Done]:
        """Have `work` done by a thread of the pool, once the engine is open."""
        return self._pool.submit(lambda: work(self._opened.result()))

    def cancel(self, key: str) -> None:
        if self.is_ready:
            self._opened.result().cancel(key)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.is_ready:
            self._opened.result().close()
