"""`manage.py amc_sandbox`: the AMC sandbox, until stopped."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from instances.sandbox.main import add_arguments, run


class Command(BaseCommand):
    help = "Run a local stand-in for Amazon Marketing Cloud. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(argparse.Namespace(**options)))
