"""The product's own processes: what is run, with which arguments."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.embedded.child import Child
from config.embedded.errors import StartFailed
from config.embedded.ports import LOOPBACK
from config.embedded.processes import Command, run_to_end

QUEUES = {"control": 1, "work": 2, "collect": 1}  # processes of each queue's worker
KEEP_ALIVE_SECONDS = 75  # longer than those who poll keep a connection idle
LIVE_PATH = "/healthz/live"
SANDBOX_READY_PATH = "/_sandbox/ready"  # its data is there; made at the first start
WORKER_GRACE_SECONDS = 15.0  # what is cut off then, the sweep finds


@dataclass(frozen=True, kw_only=True)
class Product:
    """One installation: where its source, its data and its services are."""

    source: Path
    folder: Path
    environ: Mapping[str, str]

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def command(self, name: str, argv: Sequence[str], grace: float = 10.0) -> Command:
        """A Python program of this virtual environment, run in the source folder."""
        return Command(
            name=name,
            argv=[sys.executable, *argv],
            log=self.log(name),
            environ=self.environ,
            folder=self.source,
            grace_seconds=grace,
        )

    def manage(self, name: str, *argv: str) -> Command:
        return self.command(name, ["manage.py", *argv])

    def run(self, *argv: str) -> None:
        """Run a management command to its end. Raises StartFailed."""
        command = self.manage(argv[0], *argv)
        if code := run_to_end(command):
            what = f"`manage.py {' '.join(argv)}` failed (exit code {code})."
            raise StartFailed(what, command.log)


def web(product: Product, *, host: str, port: int) -> Child:
    """The web server, as in production."""
    argv = [
        *("-m", "gunicorn", "config.wsgi"),
        *("--bind", f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *("--keep-alive", str(KEEP_ALIVE_SECONDS)),
        *("--access-logfile", "-", "--no-control-socket"),
    ]
    return Child(
        command=product.command("web", argv), is_ready=_says_ok(port, LIVE_PATH)
    )


def development_web(product: Product, *, host: str, port: int) -> Child:
    """Django's own server: tracebacks in the browser, static files as they are."""
    command = product.manage("web", "runserver", "--noreload", f"{host}:{port}")
    return Child(command=command, is_ready=_says_ok(port, LIVE_PATH))


def workers(product: Product) -> list[Child]:
    """A worker for each queue: a slow Amazon must not hold up the clock."""
    return [
        worker(product, name=f"worker-{queue}", queues=[queue], processes=processes)
        for queue, processes in QUEUES.items()
    ]


def worker(
    product: Product, *, name: str, queues: Sequence[str], processes: int
) -> Child:
    argv = [
        *("-m", "celery", "-A", "config", "worker"),
        *("--queues", ",".join(queues), "--concurrency", str(processes)),
        *("--pool", "prefork", "--hostname", f"{name}@%h", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    ]
    return Child(command=product.command(name, argv, WORKER_GRACE_SECONDS))


def beat(product: Product) -> Child:
    argv = ["-m", "celery", "-A", "config", "beat", "--pidfile=", "--loglevel", "INFO"]
    return Child(command=product.command("beat", argv))


def sandbox(product: Product, *, port: int, options: Sequence[str] = ()) -> Child:
    """Amazon's stand-in; it needs neither our database nor our broker."""
    data = str(product.folder / "sandbox")
    command = product.manage(
        "sandbox", "amc_sandbox", "--port", str(port), "--data", data, *options
    )
    return Child(command=command, is_ready=_says_ok(port, SANDBOX_READY_PATH))


def _says_ok(port: int, path: str) -> Callable[[], bool]:
    return partial(_is_ok, f"http://{LOOPBACK}:{port}{path}")


def _is_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - http://
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
