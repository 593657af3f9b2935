"""One owner per data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.embedded.errors import AlreadyRunning
from config.embedded.lock import FolderLock


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        FolderLock(tmp_path / "data"),
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"),
        FolderLock(tmp_path / "data"),
    ):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        pass

    with FolderLock(tmp_path):
        pass
