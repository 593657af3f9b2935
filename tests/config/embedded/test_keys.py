"""Secrets are made once, and for their owner's eyes."""

from __future__ import annotations

import stat
from pathlib import Path

from config.embedded.keys import random_password, stored_secret


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = stored_secret(tmp_path / "password", random_password)
    second = stored_secret(tmp_path / "password", random_password)

    assert first == second
    assert len(first) >= 24


def test_only_the_owner_may_read_a_secret(tmp_path: Path) -> None:
    stored_secret(tmp_path / "new" / "password", random_password)

    mode = (tmp_path / "new" / "password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["password"]


def test_who_comes_second_takes_the_secret_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "password"

    def overtaken() -> str:
        path.write_text("of the first", encoding="ascii")
        return "of the second"

    assert stored_secret(path, overtaken) == "of the first"
