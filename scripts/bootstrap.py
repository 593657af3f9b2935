#!/usr/bin/env python3
"""Make .venv and install what `make` needs; standard library only.

    python3 scripts/bootstrap.py demo|dev

Nothing is done when the lock files are those of the last time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed"  # one line per profile: its name and fingerprint
OLDEST = (3, 11)
PROFILES = {
    "demo": ["requirements.txt", "requirements-demo.txt"],
    "dev": ["requirements.txt", "requirements-demo.txt", "requirements-dev.txt"],
}


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        return _fail("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")
    if len(arguments) != 1 or arguments[0] not in PROFILES:
        return _fail(f"Usage: bootstrap.py {'|'.join(PROFILES)}")
    profile = arguments[0]
    if not _venv_works():
        _make_venv()
    if not _is_installed(profile):
        print(
            f"Installing the packages of {', '.join(PROFILES[profile])} …", flush=True
        )
        _install(profile)
        _remember(profile)
    return 0


def _venv_works() -> bool:
    """Whether .venv is there, and its Python was not moved away or replaced."""
    try:
        return subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Making {VENV.name} with Python {sys.version.split()[0]} …", flush=True)
    has_own_pip = importlib.util.find_spec("ensurepip") is not None
    if not has_own_pip and importlib.util.find_spec("pip") is None:
        sys.exit(
            "This Python can make no virtual environment. On Debian and Ubuntu: "
            f"apt-get install python{OLDEST[0]}.{OLDEST[1]}-venv"
        )
    without_pip = [] if has_own_pip else ["--without-pip"]
    _run([sys.executable, "-m", "venv", *without_pip, str(VENV)])


def _install(profile: str) -> None:
    files = [part for name in PROFILES[profile] for part in ("-r", str(ROOT / name))]
    _run([*_pip(), "install", "--quiet", "--require-hashes", *files])


def _pip() -> list[str]:
    """The environment's own pip, else ours working on it from outside."""
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _is_installed(profile: str) -> bool:
    """The profile itself, or a larger one that holds it, is in place."""
    lines = STAMP.read_text(encoding="ascii").splitlines() if STAMP.exists() else []
    holders = [
        name for name, files in PROFILES.items() if set(files) >= set(PROFILES[profile])
    ]
    return any(f"{name} {_fingerprint(name)}" in lines for name in holders)


def _remember(profile: str) -> None:
    STAMP.write_text(f"{profile} {_fingerprint(profile)}\n", encoding="ascii")


def _fingerprint(profile: str) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in PROFILES[profile]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _run(command: list[str]) -> None:
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(f"This failed (exit code {code}): {' '.join(command)}")


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
