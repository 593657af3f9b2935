"""`manage.py check_invariants`: say what in the database should not be."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from instances.clock import database_now
from schedules.invariants import INVARIANTS, Breach, breaches


class Command(BaseCommand):
    help = (
        "Check what must hold in the database at every moment. Changes nothing. "
        "Exit code 0: all holds; 1: something is broken, one line for each row."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o", "--output", choices=["table", "json", "csv"], default="table"
        )
        parser.add_argument(
            "--json", action="store_const", const="json", dest="output", help="-o json"
        )

    def handle(self, **options: Any) -> None:
        now = database_now()
        found = breaches(now=now)
        if options["output"] == "json":
            self.stdout.write(_as_json(found, now))
        elif options["output"] == "csv":
            self._write_lines("invariant,kind,id", found, '"{}",{},{}')
        elif found:
            self._write_lines("", found, "{}: {} {}")
        else:
            self.stdout.write(f"All {len(INVARIANTS)} invariants hold.")
        if found:
            sys.exit(1)

    def _write_lines(self, head: str, found: list[Breach], form: str) -> None:
        lines = [form.format(one.invariant, one.kind, one.id) for one in found]
        self.stdout.write("\n".join([head, *lines] if head else lines))


def _as_json(found: list[Breach], now: datetime) -> str:
    items = [asdict(breach) for breach in found]
    return json.dumps(
        {
            "schema": "amc.invariants/1",
            "generated_at": now.isoformat().replace("+00:00", "Z"),
            "count": len(items),
            "items": items,
        }
    )
