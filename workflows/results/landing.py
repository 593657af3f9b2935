"""Where results land: written aside first, then stored under a key of their own.

A key names the lease that wrote it and never comes twice, so that a collector that
was thought dead cannot overwrite what another one has stored.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages

from workflows.models import WorkflowExecution
from workflows.states import ExecutionState as State

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DRAFTS = "incoming"
_DRAFT_NAME = re.compile(r"(?P<execution>\d+)-(?P<token>\d+)-.+\.part")


class StoreFailed(Exception):
    """The store did not take the file. `is_full`: for want of space."""

    def __init__(self, message: str, *, is_full: bool = False) -> None:
        self.is_full = is_full
        super().__init__(message)


class Draft:
    """A result that is being written. Everything raises StoreFailed."""

    def __init__(self, file: IO[bytes], execution_id: int, token: int) -> None:
        self._file = file
        self._folder = _folder_of(execution_id)
        self._token = token

    def write(self, data: bytes) -> None:
        with _known_failures():
            self._file.write(data)

    def store(self) -> str:
        """Put the whole file into the store; returns its key."""
        with _known_failures():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.seek(0)
            name = f"{self._folder}/{self._token}-{secrets.token_hex(4)}.csv"
            return storages["results"].save(name, _Content(self._file))


class _Content(File):  # type: ignore[type-arg]  # generic in the stubs only
    """Lets a store on this file system take the file over instead of copying it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        if _drafts_folder() is not None:
            self.temporary_file_path = lambda: file.name


@contextmanager
def drafting(execution_id: int, token: int) -> Iterator[Draft]:
    """A draft that is gone afterwards, unless it was stored."""
    with _known_failures():
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed below
            dir=_drafts_folder(create=True),
            prefix=f"{execution_id}-{token}-",
            suffix=".part",
            delete=False,
        )
    try:
        yield Draft(file, execution_id, token)
    finally:
        with suppress(OSError):
            file.close()
        Path(file.name).unlink(missing_ok=True)


def remove(key: str) -> None:
    """Take back what was stored for nothing. Raises StoreFailed."""
    with _known_failures():
        storages["results"].delete(key)


def sweep(execution_id: int) -> None:
    """Remove what dead collectors left behind: drafts, and files of this execution.

    The caller holds its lease and has stored nothing yet. Raises StoreFailed.
    """
    with _known_failures():
        _sweep_drafts()
        folder = _folder_of(execution_id)
        for name in _names_in(folder):
            remove(f"{folder}/{name}")


def _names_in(folder: str) -> list[str]:
    """Not every store can be listed, nor has every execution a folder."""
    try:
        return storages["results"].listdir(folder)[1]
    except (FileNotFoundError, NotImplementedError):
        return []


def _sweep_drafts() -> None:
    """A draft lives as long as the lease that it is named for."""
    folder = _drafts_folder()
    if folder is None or not folder.is_dir():
        return
    drafts = {path: _DRAFT_NAME.fullmatch(path.name) for path in folder.iterdir()}
    ids = {int(match["execution"]) for match in drafts.values() if match}
    leases = dict(
        WorkflowExecution.objects.filter(
            pk__in=ids, state=State.COLLECTING
        ).values_list("pk", "lease_token")
    )
    for path, match in drafts.items():
        if match and leases.get(int(match["execution"])) != int(match["token"]):
            path.unlink(missing_ok=True)


def _folder_of(execution_id: int) -> str:
    return f"executions/{execution_id}"


def _drafts_folder(*, create: bool = False) -> Path | None:
    """Beside the results, so that storing is a rename; None for a remote store."""
    store = storages["results"]
    if not isinstance(store, FileSystemStorage):
        return None
    folder = Path(store.path(_DRAFTS))
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _known_failures() -> Iterator[None]:
    """A store may be anything, and so may its errors."""
    try:
        yield
    except OSError as error:
        raise StoreFailed(_said(error), is_full=error.errno in _FULL) from error
    except Exception as error:
        raise StoreFailed(_said(error)) from error


def _said(error: Exception) -> str:
    return f"The results store: {type(error).__name__}: {error}"
