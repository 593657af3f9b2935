"""Starts the sandbox: reads the command line, opens the port, serves until stopped."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from instances.sandbox.app import build_app
from instances.sandbox.clock import SandboxClock
from instances.sandbox.control_api import parse_moment
from instances.sandbox.engine_room import SqlEngine
from instances.sandbox.state import Sandbox, Settings
from instances.sandbox.transport import HangUpProtocol

DEFAULT_PORT = 8899
DEFAULT_IMPRESSIONS = 200_000
CANNOT_START = 1
BACKLOG = 2_048


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Shared with the Django command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0: any free one (default 8899)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(".data/sandbox"),
        help="directory of the synthetic data, made when missing",
    )
    parser.add_argument(
        "--speed",
        type=not_negative,
        default=1.0,
        help="how long executions take: this times 1 to 4 seconds; 0: done at the "
        "next look",
    )
    parser.add_argument(
        "--now", type=parse_moment, help="where the sandbox's clock starts, ISO 8601"
    )
    parser.add_argument(
        "--accounts", type=positive, default=1, help="how many accounts there are"
    )
    parser.add_argument(
        "--impressions",
        type=positive,
        default=DEFAULT_IMPRESSIONS,
        help="size of the synthetic data",
    )
    parser.add_argument(
        "--record-answers",
        action="store_true",
        help="keep what was answered, for GET /_sandbox/answers",
    )


def not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m instances.sandbox",
        description="A local stand-in for Amazon Marketing Cloud.",
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop; returns the exit code."""
    try:
        listener = open_port(options.host, options.port)
    except OSError as error:
        return give_up(f"Cannot listen on {options.host}:{options.port}", error)
    try:
        sandbox = make_sandbox(options)
    except OSError as error:
        listener.close()
        return give_up(f"Cannot keep data in {options.data}", error)
    host = f"[{options.host}]" if ":" in options.host else options.host
    line = f"AMC sandbox listening on http://{host}:{listener.getsockname()[1]}"
    app = build_app(sandbox, announce=partial(print_line, line))
    server_for(app).run(sockets=[listener])
    return 0


def give_up(what: str, error: OSError) -> int:
    print_line(f"{what}: {error.strerror}")
    return CANNOT_START


def make_sandbox(options: argparse.Namespace) -> Sandbox:
    settings = Settings(
        data_dir=options.data,
        speed=options.speed,
        now=options.now,
        accounts=options.accounts,
        record_answers=options.record_answers,
    )
    opener = engine_opener(options.data, impressions=options.impressions)
    return Sandbox(settings, open_engine=opener)


def server_for(app: Starlette) -> uvicorn.Server:
    """The Date header is the sandbox clock's, so uvicorn must not write its own."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=HangUpProtocol,
            ws="none",
            access_log=False,
            log_level="warning",
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )


def open_port(host: str, port: int) -> socket.socket:
    """The protocol is named, or asyncio leaves Nagle's delay on: 40 ms an answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    return listener


def engine_opener(
    data_dir: Path, *, impressions: int
) -> Callable[[SandboxClock], SqlEngine]:
    def open_engine(clock: SandboxClock) -> SqlEngine:
        # Imported here: DuckDB takes longer to import than the port may wait.
        from instances.sandbox.engine.engine import Engine

        today = clock.now().date()
        return Engine.open(data_dir, impressions=impressions, today=today)

    return open_engine


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
