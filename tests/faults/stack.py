"""The product as production runs it, on free ports in a folder, and ways to hurt it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import redis
from celery import Celery

from config.embedded import product
from config.embedded.backing import Backing, plan_backing
from config.embedded.child import Child
from config.embedded.ports import free_port
from config.embedded.postgres import Postgres
from config.embedded.processes import Command
from config.embedded.product import Product
from config.embedded.valkey import Valkey
from tests.amc.server import Amc
from tests.faults.clock import Clock
from tests.faults.points import FaultPoints
from tests.faults.proxy import Link, ProxyRoom
from tests.faults.settings import RATE, SANDBOX_OPTIONS, TICK_SECONDS, environment

RESTART_SECONDS = 0.5
LOOK_SECONDS = 0.1
SERVICES = ("postgres", "valkey", "sandbox")


@dataclass(kw_only=True)
class Stack:
    """Everything that runs. Processes are known by name; links by service and name."""

    source: Path
    folder: Path
    backing: Backing
    sandbox_port: int
    web_port: int
    room: ProxyRoom
    points: FaultPoints
    children: dict[str, Child] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)  # stay down until released
    deaths: int = 0
    _died: dict[str, float] = field(default_factory=dict)
    _frozen: dict[str, list[int]] = field(default_factory=dict)

    # --- Where things are -----------------------------------------------------------

    @property
    def postgres(self) -> Postgres:
        return next(s for s in self.backing.servers if isinstance(s, Postgres))

    @property
    def valkey(self) -> Valkey:
        return next(s for s in self.backing.servers if isinstance(s, Valkey))

    @property
    def database_url(self) -> str:
        """PostgreSQL itself, past every proxy."""
        return self.backing.addresses.database_url

    @property
    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.backing.addresses.redis_url, socket_timeout=5)

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def links_of(self, service: str, *names: str) -> list[Link]:
        """The links to a service, of all processes or of those whose name fits."""
        return [
            link
            for (to, name), link in self.links.items()
            if to == service and (not names or name.startswith(names))
        ]

    def log(self, name: str) -> str:
        path = self.children[name].command.log
        return path.read_text(encoding="utf-8", errors="replace")

    # --- Starting and ending --------------------------------------------------------

    def start(self, child: Child) -> Child:
        self.children[child.name] = child
        child.start()
        return child

    def restart_with(self, name: str, **environ: str) -> None:
        """Stop a process and start it in other surroundings."""
        child = self.children[name]
        child.stop()
        surroundings = {**self.program(name).environ, **environ}
        changed = replace(child.command, environ=surroundings)
        self.start(replace_command(child, changed))

    def program(self, name: str) -> Product:
        """The surroundings of one process: each has links of its own."""
        ports = {
            "postgres": self.postgres.port,
            "valkey": self.valkey.port,
            "sandbox": self.sandbox_port,
        }
        for service, port in ports.items():
            self.links.setdefault((service, name), self.room.link(port))
        linked = {service: self.links[service, name].port for service in ports}
        environ = environment(
            folder=self.folder,
            addresses=self.backing.addresses,
            ports=dict(zip(ports.values(), linked.values(), strict=True)),
            sandbox_port=linked["sandbox"],
            web_url=self.web_url,
            points=self.points.folder,
        )
        return Product(source=self.source, folder=self.folder, environ=environ)

    def stop(self) -> None:
        """End every process by its recorded pid, and those that it left behind."""
        self.points.clear()
        for name in list(self._frozen):
            self.thaw(name)
        newest_first = list(reversed(self.children.values()))
        for child in newest_first:
            if child.name not in SERVICES:
                child.ask_to_stop()
        for child in newest_first:
            child.stop()
        self.room.close()

    # --- Looking after them ---------------------------------------------------------

    def look_after(self) -> None:
        """Start again what has died, half a second later, as a supervisor does."""
        for child in self.children.values():
            if child.is_running or child.name in self.held:
                continue
            died = self._died.setdefault(child.name, time.monotonic())
            if time.monotonic() - died >= RESTART_SECONDS:
                self.deaths += 1
                self._sweep_group(child)
                del self._died[child.name]
                child.start()

    def wait(self, seconds: float) -> None:
        self.wait_until(lambda: False, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Look after the processes until the condition holds, or time is up."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self.look_after()
            time.sleep(LOOK_SECONDS)
        return True

    # --- Hurting them ---------------------------------------------------------------

    def names(self, *prefixes: str) -> list[str]:
        return [name for name in self.children if name.startswith(prefixes)]

    def kill(self, *prefixes: str) -> None:
        """kill -9, the main process only; its children find out by themselves."""
        for name in self._found(prefixes):
            os.kill(self.pid(name), signal.SIGKILL)

    def kill_group(self, *prefixes: str) -> None:
        """kill -9 of a process and all that it started."""
        for name in self._found(prefixes):
            os.killpg(self.pid(name), signal.SIGKILL)

    def kill_child_of(self, name: str) -> None:
        """kill -9 of a process that `name` has started: of a worker, one that works."""
        _, *started = tree(self.pid(name))
        if started:
            os.kill(started[0], signal.SIGKILL)

    def freeze(self, *prefixes: str) -> None:
        """SIGSTOP of processes and all that they have started."""
        for name in self._found(prefixes):
            self._frozen[name] = tree(self.pid(name))
            for pid in self._frozen[name]:
                os.kill(pid, signal.SIGSTOP)

    def thaw(self, *prefixes: str) -> None:
        for name in self._found(prefixes):
            for pid in self._frozen.pop(name, []):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def hold_down(self, *prefixes: str) -> None:
        """kill -9, and not started again before `release`."""
        for name in self._found(prefixes):
            self.held.add(name)
            if self.children[name].is_running:
                os.killpg(self.pid(name), signal.SIGKILL)
                self._reap(name)

    def release(self, *prefixes: str) -> None:
        for name in self._found(prefixes):
            self.held.discard(name)

    def stop_postgres(self) -> None:
        """As `pg_ctl stop -m immediate`: sessions die, recovery at the next start."""
        os.kill(self.pid("postgres"), signal.SIGQUIT)
        self._reap("postgres")

    def end_sessions(self) -> int:
        """pg_terminate_backend for every session of the product."""
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def empty_valkey(self) -> None:
        """Remove what a stopped Valkey has written: it starts without a message."""
        assert not self.children["valkey"].is_running
        for path in self.valkey.folder.glob("appendonly*"):
            shutil.rmtree(path, ignore_errors=True)

    def send_for_nothing(self, queue: str) -> None:
        """A message whose row does not exist, as any worker of the queue may take."""
        task = {
            "control": ("schedules.tasks.settle_runs", []),
            "work": ("workflows.tasks.submit_execution", [0]),
            "collect": ("workflows.tasks.collect_result", [0]),
        }[queue]
        with Celery(broker=self.backing.addresses.redis_url) as sender:
            sender.conf.task_create_missing_queues = True
            sender.send_task(task[0], args=task[1], queue=queue, retry=False)

    def heal(self) -> None:
        """End everything that hurts; what is down comes up again."""
        self.points.clear()
        for link in self.links.values():
            link.heal()
            self.room.open_port(link)
        for name in list(self._frozen):
            self.thaw(name)
        self.held.clear()
        assert self.wait_until(self._all_run, 60), "not everything came up again"

    def _all_run(self) -> bool:
        return all(
            child.is_running and child.is_ready() for child in self.children.values()
        )

    def _found(self, prefixes: Sequence[str]) -> list[str]:
        found = self.names(*prefixes)
        assert found, f"no process is called {prefixes}"
        return found

    def pid(self, name: str) -> int:
        process = self.children[name].process
        assert process is not None
        return process.pid

    def _reap(self, name: str) -> None:
        process = self.children[name].process
        assert process is not None
        process.wait(20)

    def _sweep_group(self, child: Child) -> None:
        """What a killed process has started must not live on beside its successor."""
        if child.process is not None and child.name != "postgres":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)


def plan_stack(source: Path, folder: Path) -> Stack:
    """Choose ports and folders; nothing runs yet but the proxies' thread."""
    return Stack(
        source=source,
        folder=folder,
        backing=plan_backing(folder, environ={}, durable=True),
        sandbox_port=free_port(),
        web_port=free_port(),
        room=ProxyRoom(),
        points=FaultPoints(folder / "points"),
    )


def start_services(stack: Stack) -> None:
    """PostgreSQL, Valkey and the sandbox, ready; the database migrated."""
    for child in stack.backing.children:
        stack.start(child)
    surroundings = stack.program("sandbox")
    sandbox = product.sandbox(
        surroundings, port=stack.sandbox_port, options=SANDBOX_OPTIONS
    )
    stack.start(sandbox)
    for child in stack.backing.children:
        child.await_ready()
    stack.program("migrate").run("migrate", "--no-input")
    sandbox.await_ready()


def start_product(stack: Stack) -> None:
    """Two of everything: workers of each queue, beats; a ticker; the web server."""
    for child in _processes(stack):
        stack.start(child)
    stack.children["web"].await_ready()


def _processes(stack: Stack) -> list[Child]:
    made: list[Child] = []
    for queue, places in {"control": 1, "work": 2, "collect": 1}.items():
        for letter in "ab":
            name = f"worker-{queue}-{letter}"
            made.append(
                product.worker(
                    stack.program(name), name=name, queues=[queue], processes=places
                )
            )
    for letter in "ab":
        name = f"beat-{letter}"
        made.append(renamed(product.beat(stack.program(name)), name))
    every = ["--every", str(TICK_SECONDS)]
    ticker = stack.program("ticker").manage("ticker", "tick", *every)
    web = product.web(stack.program("web"), host="127.0.0.1", port=stack.web_port)
    return [*made, Child(command=ticker), web]


def renamed(child: Child, name: str) -> Child:
    log = child.command.log.with_name(f"{name}.log")
    return replace_command(child, replace(child.command, name=name, log=log))


def replace_command(child: Child, command: Command) -> Child:
    return Child(command=command, is_ready=child.is_ready)


def tree(pid: int) -> list[int]:
    """A process and all that it has started, and so on."""
    try:
        path = Path(f"/proc/{pid}/task/{pid}/children")
        started = path.read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(deeper for child in started for deeper in tree(int(child)))]


def clock_of(stack: Stack, amc: Amc) -> Clock:
    return Clock(stack.database_url, amc, rate=RATE)
