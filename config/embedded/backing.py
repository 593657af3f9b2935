"""PostgreSQL and Valkey together: addresses from the environment, or our own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from config.embedded.child import Child
from config.embedded.keys import random_password, stored_secret
from config.embedded.ports import free_port
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

ADDRESSES_FILE = "services.json"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the product finds its database and its broker."""

    VARIABLES: ClassVar = ("DATABASE_URL", "REDIS_URL")
    database_url: str
    redis_url: str

    def as_environ(self) -> dict[str, str]:
        urls = (self.database_url, self.redis_url)
        return dict(zip(self.VARIABLES, urls, strict=True))


@dataclass(frozen=True, kw_only=True)
class Backing:
    """Addresses, and the servers behind those of them that are ours."""

    addresses: Addresses
    servers: list[Postgres | Valkey]  # in start order: PostgreSQL stops last
    children: list[Child]  # their processes, in the same order

    def remove(self) -> None:
        """Delete what the stopped servers wrote."""
        for server in self.servers:
            server.remove()


def plan_backing(
    folder: Path, *, environ: Mapping[str, str], durable: bool = True
) -> Backing:
    """What to start in `folder`: nothing for an address that `environ` gives.

    Nothing is started yet. Raises BinaryMissing.
    """
    servers: list[Postgres | Valkey] = []
    database_url, redis_url = environ.get("DATABASE_URL"), environ.get("REDIS_URL")
    if not database_url:
        postgres = _postgres_in(folder, durable=durable)
        servers.append(postgres)
        database_url = postgres.url
    if not redis_url:
        valkey = _valkey_in(folder, durable=durable)
        servers.append(valkey)
        redis_url = valkey.url
    return Backing(
        addresses=Addresses(database_url=database_url, redis_url=redis_url),
        servers=servers,
        children=[server.child() for server in servers],
    )


@contextmanager
def running(backing: Backing) -> Iterator[Addresses]:
    """Start what is ours, hand out the addresses, stop in reverse order."""
    try:
        for child in backing.children:
            child.start()
            child.await_ready()
        yield backing.addresses
    finally:
        for child in reversed(backing.children):
            child.stop()


@contextmanager
def throwaway(environ: Mapping[str, str]) -> Iterator[Addresses]:
    """Fast servers in a temporary folder that is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="amc-scheduler-"))
    backing = plan_backing(folder, environ=environ, durable=False)
    try:
        with running(backing) as addresses:
            yield addresses
    finally:
        backing.remove()
        shutil.rmtree(folder, ignore_errors=True)


def publish_addresses(
    folder: Path, addresses: Addresses, others: Mapping[str, str] | None = None
) -> Path:
    """Write the file in which settings look when the environment is silent."""
    path = folder / ADDRESSES_FILE
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({**addresses.as_environ(), **(others or {})}, file)
    return draft.replace(path)


def published_addresses(folder: Path) -> Addresses | None:
    """The addresses of the services that run in `folder`, if they do."""
    try:
        found = json.loads((folder / ADDRESSES_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Addresses(database_url=found["DATABASE_URL"], redis_url=found["REDIS_URL"])


def withdraw_addresses(folder: Path) -> None:
    (folder / ADDRESSES_FILE).unlink(missing_ok=True)


def _postgres_in(folder: Path, *, durable: bool) -> Postgres:
    return Postgres(
        folder=folder / "postgres",
        log=folder / "logs" / "postgres.log",
        password=stored_secret(folder / "postgres-password", random_password),
        port=free_port(),
        durable=durable,
    )


def _valkey_in(folder: Path, *, durable: bool) -> Valkey:
    return Valkey(
        folder=folder / "valkey",
        log=folder / "logs" / "valkey.log",
        password=stored_secret(folder / "valkey-password", random_password),
        port=free_port(),
        durable=durable,
    )
