"""An embedded Valkey: its files, its process, its address."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded.binaries import valkey_server
from config.embedded.child import Child
from config.embedded.orphans import stop_orphan
from config.embedded.ports import LOOPBACK
from config.embedded.processes import Command

ASK_ONCE = Retry(NoBackoff(), 0)


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """A Valkey server whose files lie in `folder` and belong to us alone."""

    folder: Path
    log: Path
    password: str
    port: int
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def child(self) -> Child:
        """The server as a process of the product."""
        return Child(
            command=Command(
                name="valkey",
                argv=[valkey_server(), self._configuration],
                log=self.log,
            ),
            prepare=self.prepare,
            is_ready=self.is_ready,
        )

    def prepare(self) -> None:
        """Write the configuration, and end a server that still uses the files."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stop_orphan(self._pid_file, self._configuration, signal.SIGTERM)
        self._configuration.touch(mode=0o600)  # the password is not for `ps`
        self._configuration.write_text(self._settings(), encoding="utf-8")

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(
                self.url, socket_timeout=2, retry=ASK_ONCE
            ) as client:
                return bool(client.ping())
        except redis.RedisError:  # refused, or still loading its file
            return False

    def remove(self) -> None:
        """Delete all files of a stopped server."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _configuration(self) -> Path:
        return self.folder / "valkey.conf"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    def _settings(self) -> str:
        """A queue must keep every message: no eviction, and a file if durable."""
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "requirepass": self.password,
            "dir": self.folder,
            "pidfile": self._pid_file,
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",  # so that an orphan is known by its arguments
        }
        return "".join(f'{name} "{value}"\n' for name, value in settings.items())
