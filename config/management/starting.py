"""What the commands `demo` and `dev` share: ports, lock, errors for people."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.errors import EmbeddedError
from config.embedded.lock import FolderLock
from config.embedded.ports import LOOPBACK, choose_port
from config.embedded.processes import die_with_parent
from config.embedded.stack import Plan
from config.environment import BASE_DIR, DATA_DIR

WEB_PORT = 8000
SANDBOX_PORT = 8899


class StartingCommand(BaseCommand):
    """Runs processes until it is stopped; the subclass says which, in `run`."""

    requires_system_checks = ()  # the database is not there yet

    def run(self, plan: Plan) -> None:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help=f"web, default {WEB_PORT}")
        parser.add_argument(
            "--sandbox-port", type=int, help=f"AMC sandbox, default {SANDBOX_PORT}"
        )
        parser.add_argument("--host", default=LOOPBACK, help=f"default {LOOPBACK}")
        parser.add_argument(
            "--end-with-parent",
            action="store_true",
            help="stop when the program that started us is gone (for make)",
        )

    def handle(self, **options: Any) -> None:
        if options["end_with_parent"]:
            die_with_parent(signal.SIGTERM)
        try:
            with FolderLock(DATA_DIR):
                self.run(self._plan(options))
        except EmbeddedError as error:
            raise CommandError(str(error)) from None

    def note(self, text: str) -> None:
        """Tell the person, at once."""
        self.stdout.write(text)
        self.stdout.flush()

    def _plan(self, options: dict[str, Any]) -> Plan:
        host = options["host"]
        web = choose_port(options["port"], WEB_PORT, host=host)
        sandbox = choose_port(options["sandbox_port"], SANDBOX_PORT, but=web)
        self._note_moves(options, {"port": web, "sandbox_port": sandbox})
        return Plan(
            source=BASE_DIR,
            folder=DATA_DIR,
            host=host,
            web_port=web,
            sandbox_port=sandbox,
        )

    def _note_moves(self, options: dict[str, Any], chosen: dict[str, int]) -> None:
        """Say which defaults were taken."""
        defaults = {"port": WEB_PORT, "sandbox_port": SANDBOX_PORT}
        for name, default in defaults.items():
            if options[name] is None and chosen[name] != default:
                self.note(f"Port {default} is taken, using {chosen[name]}.")
