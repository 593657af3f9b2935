"""Rotation of the keys that tokens are encrypted with."""

from __future__ import annotations

from dataclasses import dataclass

from instances import vault
from instances.errors import UnreadableToken
from instances.models import Connection

TOKENS = ("refresh_token", "access_token")


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """How many connections, and the ids of those that no key of ours can read."""

    rotated: int
    unreadable: tuple[int, ...]


def rotate() -> Rotated:
    """Encrypt each stored token with the newest key.

    Safe while refreshes go on: a row is written only as it was read, else read again.
    """
    rotated, unreadable = 0, []
    for pk in Connection.objects.exclude(refresh_token="").values_list("pk", flat=True):
        try:
            while not _is_rotated(pk):
                pass  # a refresh was faster
        except UnreadableToken:
            unreadable.append(pk)
        else:
            rotated += 1
    return Rotated(rotated=rotated, unreadable=tuple(unreadable))


def _is_rotated(pk: int) -> bool:
    row = Connection.objects.filter(pk=pk)
    refresh_token, access_token = row.values_list(*TOKENS).get()
    as_read = row.filter(refresh_token=refresh_token, access_token=access_token)
    rotated = as_read.update(
        refresh_token=refresh_token and vault.reseal(refresh_token),
        access_token=access_token and vault.reseal(access_token),
    )
    return bool(rotated)
