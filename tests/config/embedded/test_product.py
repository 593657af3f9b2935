"""How the parts of the product are started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.celery import app
from config.embedded import product
from config.embedded.ports import LOOPBACK
from config.embedded.product import KEEP_ALIVE_SECONDS, Product
from config.environment import BASE_DIR
from config.smoke.story import ASK_SECONDS


@pytest.fixture
def here(tmp_path: Path) -> Product:
    return Product(source=BASE_DIR, folder=tmp_path, environ={})


def words(child: product.Child) -> str:
    return " ".join(str(part) for part in child.command.argv)


def test_each_queue_has_a_worker_of_its_own(here: Product) -> None:
    queues = [re.findall(r"--queues (\S+)", words(w)) for w in product.workers(here)]

    assert sorted(queues) == sorted([queue.name] for queue in app.conf.task_queues)


def test_workers_are_processes_not_threads(here: Product) -> None:
    assert all("--pool prefork" in words(worker) for worker in product.workers(here))


def test_an_idle_connection_outlives_the_pause_of_those_who_poll(here: Product) -> None:
    web = product.web(here, host=LOOPBACK, port=8000)

    assert f"--keep-alive {KEEP_ALIVE_SECONDS}" in words(web)
    assert f"--keep-alive {KEEP_ALIVE_SECONDS}" in (BASE_DIR / "Dockerfile").read_text()
    assert ASK_SECONDS * 2 < KEEP_ALIVE_SECONDS
