"""Rotation of the keys that tokens are encrypted with."""

from __future__ import annotations

from dataclasses import dataclass

from instances import vault
from instances.errors import UnreadableToken
from instances.models import Connection

TOKENS = ("refresh_token", "access_token")
TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """How many connections, and the ids of those that no key of ours can read."""

    rotated: int
    unreadable: tuple[int, ...]


def rotate() -> Rotated:
    """Encrypt each stored token with the newest key, without reading it.

    Safe while refreshes go on: what was replaced meanwhile is left alone, and is under
    the newest key already where the process that stored it has that key.
    """
    rotated, unreadable = 0, []
    for pk in Connection.objects.exclude(refresh_token="").values_list("pk", flat=True):
        try:
            rotated += _rotate(pk)
        except UnreadableToken:
            unreadable.append(pk)
    return Rotated(rotated=rotated, unreadable=tuple(unreadable))


def _rotate(pk: int) -> bool:
    """A row is written only as it was read: a refresh in between is tried again."""
    for _ in range(TRIES):
        row = Connection.objects.filter(pk=pk)
        refresh_token, access_token = row.values_list(*TOKENS).get()
        as_read = row.filter(refresh_token=refresh_token, access_token=access_token)
        if as_read.update(
            refresh_token=refresh_token and vault.reseal(refresh_token),
            access_token=access_token and vault.reseal(access_token),
        ):
            return True
    return False
