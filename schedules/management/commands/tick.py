"""`manage.py tick`: wake the scheduler, once or for ever, without broker and Beat."""

from __future__ import annotations

import json
import random
import signal
import time
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from threading import Event
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from schedules.ticking import TickCounts, tick

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SOMETHING_FAILED = 1
DATABASE_AWAY = 6


class Command(BaseCommand):
    help = (
        "Dispatch what is due and sweep: once, or with --every again and again until "
        "SIGTERM, which lets a tick finish. Needs PostgreSQL only: without the broker "
        "the rows are made and their messages follow later. Exit code 0: done; 1: a "
        "part of it failed, see the log; 6: no database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every",
            type=_seconds,
            metavar="SECONDS",
            help="from start to start; errors are logged and tried again",
        )
        parser.add_argument("--json", action="store_true", help="a JSON line per tick")

    def handle(self, **options: Any) -> None:
        if options["every"] is None:
            self._tick_once(as_json=options["json"])
        else:
            self._tick_until_stopped(options["every"], as_json=options["json"])

    def _tick_once(self, *, as_json: bool) -> None:
        try:
            counts = tick()
        except DatabaseError as error:
            raise CommandError(
                f"The database is away: {error}", returncode=DATABASE_AWAY
            ) from error
        self._write(counts, as_json=as_json)
        if counts.dispatch.failed or counts.sweep.failed:
            raise CommandError(
                "A part of the tick failed; see the log.", returncode=SOMETHING_FAILED
            )

    def _tick_until_stopped(self, every: float, *, as_json: bool) -> None:
        stop = _stop_signal()
        failures = 0
        while not stop.is_set():
            begun = time.monotonic()
            failures = 0 if self._has_ticked(as_json=as_json) else failures + 1
            pause = every - (time.monotonic() - begun)
            stop.wait(max(pause, _back_off(failures), 0))

    def _has_ticked(self, *, as_json: bool) -> bool:
        """Whether a tick came to its end; why not stands in the log."""
        close_old_connections()
        try:
            counts = tick()
        except Exception:
            log.exception("tick failed")
            connection.close()
            return False
        self._write(counts, as_json=as_json)
        return True

    def _write(self, counts: TickCounts, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"schema": "amc.tick/1", **asdict(counts)}))
        else:
            self.stdout.write(_in_words(counts))
        self.stdout.flush()


def _in_words(counts: TickCounts) -> str:
    """`dispatched: schedules 2, runs 2; swept: hinted 1`, without what is 0."""
    parts = {"dispatched": asdict(counts.dispatch), "swept": asdict(counts.sweep)}
    return "; ".join(
        f"{verb}: " + (", ".join(f"{k} {v}" for k, v in part.items() if v) or "nothing")
        for verb, part in parts.items()
    )


def _stop_signal() -> Event:
    """Set by the first SIGTERM or SIGINT; the second one ends the process at once."""
    stop = Event()

    def ask_to_stop(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


def _back_off(failures: int) -> float:
    """How long to pause after so many failures in a row: doubled, never in step."""
    if not failures:
        return 0.0
    pause = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10)
    return min(pause, LONGEST_PAUSE_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise ArgumentTypeError("use a number of seconds from 0.1 to 3600")
    return seconds
