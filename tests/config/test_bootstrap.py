"""The bootstrap installs what the lock files say, once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import bootstrap


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with empty lock files: making its environment needs no network."""
    for files in bootstrap.PROFILES.values():
        for name in files:
            (tmp_path / name).write_text("# nothing\n")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", venv / ".installed")
    return tmp_path


@pytest.mark.slow
def test_the_first_start_makes_an_environment_and_the_second_nothing(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["demo"]) == 0
    first = capfd.readouterr().out

    assert bootstrap.main(["demo"]) == 0
    second = capfd.readouterr().out

    assert (project / ".venv" / "bin" / "python").exists()
    assert "Installing" in first
    assert second == ""


@pytest.mark.slow
def test_a_changed_lock_file_is_installed(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bootstrap.main(["demo"])
    (project / "requirements.txt").write_text("# something else\n")
    capfd.readouterr()

    bootstrap.main(["demo"])

    assert "Installing" in capfd.readouterr().out


@pytest.mark.slow
def test_the_larger_profile_holds_the_smaller(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bootstrap.main(["dev"])
    capfd.readouterr()

    bootstrap.main(["demo"])

    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_an_environment_whose_python_is_gone_is_made_anew(project: Path) -> None:
    bootstrap.main(["demo"])
    (project / ".venv" / "bin" / "python").unlink()

    assert bootstrap.main(["demo"]) == 0
    assert (project / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("arguments", [[], ["production"], ["demo", "dev"]])
def test_an_unknown_profile_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(arguments) == 1
    assert "demo|dev" in capsys.readouterr().err


def test_an_old_python_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    assert bootstrap.main(["demo"]) == 1
    assert "Python 3.11 or newer" in capsys.readouterr().err
