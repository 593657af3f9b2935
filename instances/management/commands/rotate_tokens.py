"""`manage.py rotate_tokens`: put all tokens under the newest key of TOKEN_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from instances.rotation import rotate


class Command(BaseCommand):
    help = "Encrypt all tokens with the first of TOKEN_KEYS; safe while all runs."

    def handle(self, *args: Any, **options: Any) -> None:
        result = rotate()
        self.stdout.write(f"{result.rotated} connections are under the newest key.")
        if result.unreadable:
            ids = ", ".join(map(str, result.unreadable))
            raise CommandError(f"No key of ours reads the tokens of connection {ids}.")
