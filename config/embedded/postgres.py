"""An embedded PostgreSQL: its files, its process, its address."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import outside, processes
from config.embedded.binaries import postgres_bin
from config.embedded.child import Child
from config.embedded.errors import EmbeddedError, StartFailed
from config.embedded.identity import Identity, choose_identity
from config.embedded.orphans import stop_orphan
from config.embedded.ports import LOOPBACK
from config.embedded.processes import Command

USER = "amc"
DATABASE = "amc"
FIRST_MAJOR_WITH_BUILTIN_LOCALES = 17
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # socket paths have a length limit, ports have not
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# A cluster that is thrown away: nothing needs to survive a crash.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(kw_only=True)
class Postgres:
    """A PostgreSQL server whose files lie in `folder` and belong to us alone."""

    folder: Path
    log: Path
    password: str
    port: int
    durable: bool = True
    identity: Identity | None = None  # None: the first that works here

    def __post_init__(self) -> None:
        found = postgres_bin()
        self.user_identity = self.identity or choose_identity(found / "postgres")
        outcast = self.user_identity is Identity.NOBODY
        self.bin = outside.programs(found) if outcast else found
        self.home = outside.data_folder(self.folder) if outcast else self.folder

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.home / "cluster"

    @property
    def url(self) -> str:
        return self._url_of(DATABASE)

    def child(self) -> Child:
        """The server as a process of the product."""
        return Child(
            command=Command(
                name="postgres",
                argv=self._argv(),
                log=self.log,
                environ=self._environ(),
                folder=Path("/"),
                identity=self.user_identity,
                stop_signal=signal.SIGINT,  # "fast": end the sessions, keep the data
                orphan_signal=signal.SIGINT,
                grace_seconds=20,
            ),
            prepare=self.prepare,
            is_ready=self.is_ready,
        )

    def prepare(self) -> None:
        """Make the files ready for a start: created, of our version, not in use."""
        stop_orphan(self.data / "postmaster.pid", self.data, signal.SIGINT)
        if not self.data.exists():
            self._create_cluster()
        self._check_version()

    def is_ready(self) -> bool:
        """Whether the server answers and holds our database (created if not)."""
        try:
            self._ensure_database()
        except psycopg.OperationalError:
            return False
        return True

    def remove(self) -> None:
        """Delete all files of a stopped server."""
        for folder in {self.home, self.folder}:
            shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def major(self) -> int:
        printed = subprocess.run(
            [self.bin / "postgres", "--version"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        found = re.search(r"(\d+)", printed)
        if not found:
            raise EmbeddedError(f"PostgreSQL's version is unclear: {printed!r}")
        return int(found.group())

    def _argv(self) -> list[str | Path]:
        settings = SETTINGS | ({} if self.durable else THROWAWAY_SETTINGS)
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.bin / "postgres", "-D", self.data, f"--port={self.port}", *options]

    def _environ(self) -> dict[str, str]:
        """Nothing of ours: PG… variables would change what the server does."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _url_of(self, database: str) -> str:
        return f"postgres://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def _create_cluster(self) -> None:
        """Run initdb beside the final place: a killed one leaves nothing half made."""
        draft = self.home / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        password_file = self.home / "initial-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="ascii")
        self._give_away(draft, password_file)
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self.data)

    def _run_initdb(self, target: Path, password_file: Path) -> None:
        argv: list[str | Path] = [
            self.bin / "initdb",
            f"--pgdata={target}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",  # never trust: other people share this machine
            "--encoding=UTF8",
            *self._locale_options(),
            *([] if self.durable else ["--no-sync"]),
        ]
        command = Command(
            name="initdb",
            argv=argv,
            log=self.log,
            environ=self._environ(),
            folder=Path("/"),
            identity=self.user_identity,
            orphan_signal=signal.SIGKILL,
        )
        if processes.run_to_end(command):
            raise StartFailed("PostgreSQL's files could not be created.", self.log)

    def _locale_options(self) -> list[str]:
        """UTF-8 rules that need no locale of the operating system, if it can."""
        if self.major < FIRST_MAJOR_WITH_BUILTIN_LOCALES:
            return ["--locale=C.UTF-8"]
        return [
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]

    def _give_away(self, *paths: Path) -> None:
        """As `nobody`, the server must own what it opens."""
        if self.user_identity is Identity.NOBODY:
            for path in paths:
                shutil.chown(path, "nobody")

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(self.major):
            raise EmbeddedError(
                f"The files in {self.data} were made by PostgreSQL {made_by}, but "
                f"{self.bin} is version {self.major}. Use the older one, or remove "
                "the folder to start with an empty database."
            )

    def _ensure_database(self) -> None:
        """Raises psycopg.OperationalError while the server is still starting."""
        url = self._url_of("postgres")
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            )
            if found.fetchone() is None:
                name = sql.Identifier(DATABASE)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
