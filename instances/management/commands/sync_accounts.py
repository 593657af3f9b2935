"""`manage.py sync_accounts [ID …]`: ask Amazon for its accounts and instances."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from instances.clock import database_now
from instances.errors import InstancesError
from instances.models import Connection
from instances.sync import sync_from_amazon


class Command(BaseCommand):
    help = "Bring accounts and instances up to date with what Amazon lists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "connections",
            nargs="*",
            type=int,
            help="ids of connections; without, all that are not held",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [
            each.pk for each in _chosen(options["connections"]) if not self._sync(each)
        ]
        if failed:
            raise CommandError(f"Not synced: {', '.join(map(str, failed))}.")

    def _sync(self, connection: Connection) -> bool:
        try:
            result = sync_from_amazon(connection, now=database_now())
        except InstancesError as error:
            self.stderr.write(f"connection {connection.pk}: {error.message}")
            return False
        self.stdout.write(
            f"connection {connection.pk}:"
            f" {result.accounts_created} accounts and"
            f" {result.instances_created} instances created,"
            f" {result.accounts_updated} and {result.instances_updated} updated"
        )
        return True


def _chosen(ids: list[int]) -> list[Connection]:
    """Those with these ids, else all that can be used. Raises CommandError."""
    if not ids:
        return list(Connection.objects.usable().order_by("pk"))
    found = Connection.objects.filter(deleted_at=None).in_bulk(ids)
    if unknown := sorted(set(ids) - found.keys()):
        raise CommandError(f"No such connection: {', '.join(map(str, unknown))}.")
    return [found[each] for each in ids]
