"""Folders that `nobody` can reach, for root on machines without user namespaces.

A project under /root (or a wheel in its .venv) is closed to everybody else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from config.embedded.errors import EmbeddedError

OUTSIDE = Path("/var/lib/amc-scheduler")
NOTE = "outside"  # the file that says where the data is


def data_folder(folder: Path) -> Path:
    """A folder outside for the data that belongs into `folder`.

    Its path is kept in a file in `folder`: without that file a new one is made.
    """
    note = folder / NOTE
    if not note.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _own_folder(OUTSIDE)
        made = tempfile.mkdtemp(prefix="data-", dir=OUTSIDE)
        note.write_text(made, encoding="utf-8")
    found = Path(note.read_text(encoding="utf-8"))
    found.chmod(0o711)
    return _own_folder(found)


def programs(bin_folder: Path) -> Path:
    """The same programs where everybody may run them; copied at most once."""
    if _everybody_reaches(bin_folder / "postgres"):
        return bin_folder
    install, package = bin_folder.parent, bin_folder.parent.parent
    made = (bin_folder / "postgres").stat()
    key = _short_hash(f"{package} {made.st_size} {made.st_mtime_ns}")
    target = _own_folder(OUTSIDE) / f"programs-{key}"
    if not target.exists():
        _copy_package(package, install.name, target)
    return target / package.name / install.name / bin_folder.name


def _copy_package(package: Path, install: str, target: Path) -> None:
    """Copy programs and shared libraries, keeping how they lie to each other.

    The programs look for libraries in `../../../<package>.libs`, as in the wheel.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(package / install, draft / package.name / install, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        _open_to_everybody(path)
    draft.rename(target)


def _open_to_everybody(path: Path) -> None:
    if path.is_symlink():
        return
    mode = path.stat().st_mode
    runnable = path.is_dir() or mode & stat.S_IXUSR
    path.chmod(stat.S_IMODE(mode) | (0o055 if runnable else 0o044))


def _everybody_reaches(program: Path) -> bool:
    """Whether the file may be run, and all folders above it entered, by others."""
    real = program.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in [real, *real.parents])


def _own_folder(folder: Path) -> Path:
    """Make the folder, or check that nobody else prepared it for us."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{folder} belongs to somebody else. Remove it first.")
    return folder


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
