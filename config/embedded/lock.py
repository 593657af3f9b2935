"""One owner per data folder, kept by the kernel for as long as the owner lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from config.embedded.errors import AlreadyRunning


class FolderLock:
    """Held from `with` on; a killed owner loses it, so it is never stale."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"

    def __enter__(self) -> Self:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: TextIO = self.path.open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise AlreadyRunning(self._who_holds_it()) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.truncate(0)
        self._file.close()

    def _who_holds_it(self) -> str:
        pid = self.path.read_text(encoding="ascii").strip() or "unknown"
        return (
            f"It is already running in this folder (process {pid}). "
            "Stop that one first, or use another copy of the project."
        )
