"""Has the source changed since we last looked? For `make dev`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class SourceWatch:
    """Remembers when each Python file below some folders was last written."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._seen = self._times()

    def has_changed(self) -> bool:
        """True once after each change."""
        before, self._seen = self._seen, self._times()
        return before != self._seen

    def _times(self) -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns
            for folder in self.folders
            for path in folder.rglob("*.py")
            if path.exists()  # editors replace files under our eyes
        }
