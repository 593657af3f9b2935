"""`manage.py alive NAME`: is a part of the product alive? For health checks."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from instances.clock import database_now
from instances.models import Heartbeat


class Command(BaseCommand):
    help = "Exit with 0 when the named heartbeat is fresh, else with 1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as in the table of heartbeats, e.g. tick")
        parser.add_argument(
            "--within", type=int, default=120, help="seconds, default 120"
        )

    def handle(self, **options: Any) -> None:
        name, within = options["name"], timedelta(seconds=options["within"])
        silence = silence_of(name, now=database_now())
        if silence is None:
            raise CommandError(f"{name} was never heard of.")
        if silence > within:
            raise CommandError(f"{name} has been silent for {silence}.")
        self.stdout.write(f"{name} is alive.")


def silence_of(name: str, *, now: datetime) -> timedelta | None:
    """How long ago the last sign of life was; None when there never was one."""
    last = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if last is None else now - last
