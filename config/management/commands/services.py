"""`manage.py services -- CMD …`: run a command beside the embedded services."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import REMAINDER, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.backing import (
    Addresses,
    plan_backing,
    publish_addresses,
    published_addresses,
    running,
    throwaway,
    withdraw_addresses,
)
from config.embedded.errors import AlreadyRunning, EmbeddedError
from config.embedded.lock import FolderLock
from config.environment import DATA_DIR


class Command(BaseCommand):
    help = (
        "Run a command with DATABASE_URL and REDIS_URL of the embedded services: "
        "those of a running demo, else started for the command's time."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--throwaway", action="store_true", help="empty services, removed after"
        )
        parser.add_argument("cmd", nargs=REMAINDER, metavar="-- CMD …")

    def handle(self, **options: Any) -> None:
        argv = options["cmd"][options["cmd"][:1] == ["--"] :]
        if not argv:
            raise CommandError("Name a command: manage.py services -- CMD …")
        services = throwaway(os.environ) if options["throwaway"] else _kept()
        try:
            with services as addresses:
                code = _run(argv, addresses)
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
        sys.exit(code)


@contextmanager
def _kept() -> Iterator[Addresses]:
    """The services in the data folder, shared with a demo that runs there."""
    try:
        with FolderLock(DATA_DIR), _started() as addresses:
            yield addresses
    except AlreadyRunning:
        shared = published_addresses(DATA_DIR)
        if shared is None:  # it is only just starting
            raise
        yield shared


@contextmanager
def _started() -> Iterator[Addresses]:
    with running(plan_backing(DATA_DIR, environ=os.environ)) as addresses:
        publish_addresses(DATA_DIR, addresses)
        try:
            yield addresses
        finally:
            withdraw_addresses(DATA_DIR)


def _run(argv: list[str], addresses: Addresses) -> int:
    """Its exit code. Ctrl-C reaches it through the terminal, SIGTERM through us."""
    try:
        command = subprocess.Popen(argv, env=os.environ | addresses.as_environ())
    except FileNotFoundError:
        raise CommandError(f"There is no program {argv[0]!r}.") from None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    return command.wait()
