"""Programs and data where `nobody` can reach them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import outside
from config.embedded.binaries import postgres_bin
from config.embedded.errors import EmbeddedError
from config.embedded.identity import Identity, become

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder everybody may enter, used instead of the system's."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(outside, "OUTSIDE", folder / "outside")
    yield folder
    shutil.rmtree(folder)


def test_a_data_folder_is_remembered(open_folder: Path, tmp_path: Path) -> None:
    first = outside.data_folder(tmp_path)

    assert outside.data_folder(tmp_path) == first
    assert first.parent == open_folder / "outside"


def test_a_forgotten_data_folder_is_not_taken_up_again(
    open_folder: Path, tmp_path: Path
) -> None:
    first = outside.data_folder(tmp_path)
    (tmp_path / outside.NOTE).unlink()

    assert outside.data_folder(tmp_path) != first


def test_programs_that_everybody_reaches_stay_where_they_are(open_folder: Path) -> None:
    program = open_folder / "bin" / "postgres"
    program.parent.mkdir()
    program.parent.chmod(0o755)
    program.touch()
    program.chmod(0o755)

    assert outside.programs(program.parent) == program.parent


@needs_root
@pytest.mark.slow
def test_nobody_runs_a_copy_of_programs_in_a_closed_folder(
    open_folder: Path, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    package = postgres_bin().parent.parent
    shutil.copytree(postgres_bin(), closed / package.name / "pginstall" / "bin")
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)

    copied = outside.programs(closed / package.name / "pginstall" / "bin")
    printed = subprocess.run(
        [copied / "postgres", "--version"],
        preexec_fn=lambda: become(Identity.NOBODY),
        capture_output=True,
        check=True,
        cwd="/",
    )

    assert b"PostgreSQL" in printed.stdout
    assert outside.programs(closed / package.name / "pginstall" / "bin") == copied


@needs_root
def test_a_folder_that_somebody_else_prepared_is_refused(open_folder: Path) -> None:
    (open_folder / "outside").mkdir()
    shutil.chown(open_folder / "outside", "nobody")

    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        outside.data_folder(open_folder / "data")
