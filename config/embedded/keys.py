"""Secrets made once per data folder, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def stored_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in that file, made by `make` when there is none yet.

    Several processes may ask at once: the one that creates the file wins.
    """
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return _create_secret(path, make())


def random_password() -> str:
    """Letters, digits, - and _ only: it stands in URLs and configuration files."""
    return secrets.token_urlsafe(24)


def _create_secret(path: Path, value: str) -> str:
    """Write a complete file aside and link it into place: readers see all or none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value)
    try:
        os.link(draft, path)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    finally:
        draft.unlink()
    return value
