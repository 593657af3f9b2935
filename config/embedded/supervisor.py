"""Keeps the product's processes alive, and stops them in reverse order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from config.embedded.backoff import Backoff
from config.embedded.child import Child

WATCH_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Note = Callable[[str], None]
Handler = Callable[[int, FrameType | None], object] | int | None


class StopAsked(KeyboardInterrupt):
    """Somebody wants us to stop: Ctrl-C, SIGTERM, or the terminal went away.

    Like KeyboardInterrupt no `except Exception` may swallow it.
    """


class Supervisor:
    """Groups of children, each started after the one before it is ready."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self.groups: list[list[Child]] = []
        self._backoffs: dict[str, Backoff] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def children(self) -> list[Child]:
        return [child for group in self.groups for child in group]

    def start(self, *group: Child) -> None:
        """Start these together and wait for all. Raises StartFailed."""
        self.launch(*group)
        for child in group:
            child.await_ready()

    def launch(self, *group: Child) -> None:
        """Start these together without waiting."""
        self.groups.append(list(group))
        for child in group:
            self._start(child)

    def watch(self, each_round: Callable[[], None] = lambda: None) -> None:
        """Start again what dies, until a stop is asked for (StopAsked)."""
        while True:
            self.check(time.monotonic())
            each_round()
            time.sleep(WATCH_SECONDS)

    def check(self, now: float) -> None:
        """One look at every child; `now` is monotonic."""
        for child in self.children:
            backoff = self._backoffs[child.name]
            if child.is_running:
                continue
            if backoff.start_again_at is None:
                self._plan_start(child, backoff.after_death(now), now)
            elif backoff.is_due(now):
                self._start(child)

    def restart(self, child: Child) -> None:
        """Stop and start, as after a change of the source."""
        child.stop()
        self._start(child)

    def stop(self) -> None:
        """End the groups, the newest first; within a group all at once."""
        with signals_ignored():
            for group in reversed(self.groups):
                for child in group:
                    child.ask_to_stop()
                for child in group:
                    child.await_end()
            self.groups.clear()

    def _start(self, child: Child) -> None:
        before = self._backoffs.get(child.name, Backoff())
        self._backoffs[child.name] = before.after_start(time.monotonic())
        child.start()

    def _plan_start(self, child: Child, backoff: Backoff, now: float) -> None:
        self._backoffs[child.name] = backoff
        wait = (backoff.start_again_at or now) - now
        self.note(
            f"{child.name} ended (exit code {child.exit_code}); starting it again "
            f"in {wait:.0f} s. Its log: {child.command.log}"
        )


@contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Turn the first stop signal into StopAsked, wherever the program is.

    Later ones change nothing: the stop is under way. SIGHUP stays ignored under
    nohup. Background shells ignore SIGINT; we do not.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        for other in STOP_SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise StopAsked(signal.Signals(number).name)

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
            signal.signal(number, ask)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Let an orderly stop finish, whatever the reason for it."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
