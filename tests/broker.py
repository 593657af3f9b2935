"""A broker of a test's own: one logical database of the Redis that all tests share."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import pytest
from celery import Celery, current_app
from django.conf import settings
from redis import Redis

from instances import publishing

COPIED = [
    "task_routes",
    "task_queues",
    "task_create_missing_queues",
    "task_default_queue",
    "task_serializer",
    "task_ignore_result",
    "accept_content",
]


class Broker:
    """Messages that nobody consumes."""

    def __init__(self, url: str) -> None:
        self.app = _app(url)
        self._redis = Redis.from_url(url)
        self._redis.flushdb()

    def waiting(self, queue: str = "work") -> list[tuple[str, int]]:
        """Task and argument of each message, the oldest first."""
        texts = reversed(self._redis.lrange(queue, 0, -1))
        return [_read(json.loads(text)) for text in texts]


def own_broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Publish to a database that no other test process uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = urlsplit(settings.REDIS_URL)._replace(path=f"/{1 + int(worker)}").geturl()
    broker = Broker(url)
    monkeypatch.setattr(publishing, "current_app", broker.app)
    return broker


def no_broker(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Publish to an address where no Redis answers."""
    app = _app(f"redis://127.0.0.1:{port}/0")
    app.conf.broker_transport_options = {"max_retries": 0, "socket_timeout": 0.2}
    monkeypatch.setattr(publishing, "current_app", app)


@contextmanager
def closing_port() -> Iterator[tuple[int, list[str]]]:
    """A port that hangs up on everybody, and the list of those who called."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    caller, address = server.accept()
                except OSError:
                    return
                calls.append(str(address))
                caller.close()

        thread = Thread(target=hang_up)
        thread.start()
        try:
            yield server.getsockname()[1], calls
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers, as a frozen Redis does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _app(url: str) -> Celery:
    app = Celery("tests", broker=url, set_as_current=False)
    app.conf.update({name: current_app.conf[name] for name in COPIED})
    return app


def _read(message: dict) -> tuple[str, int]:
    (args, _, _) = json.loads(base64.b64decode(message["body"]))
    return message["headers"]["task"], args[0]
