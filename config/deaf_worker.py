"""Ends a worker that is alive, connected, and takes nothing from its queue any more.

It happens: when the connection breaks just while a message is acknowledged, the
message counts as under way for ever, and with a prefetch of one no other is fetched.
Whoever supervises the processes starts the worker anew; nothing is lost by it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

LOOK_SECONDS = 3.0
DEAF_SECONDS = 30.0
ANSWER_SECONDS = 1.0
EXIT_CODE = 70


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is seen of a worker at one moment.

    `is_full`: it believes that it has as many messages under way as it may. `waiting`:
    there are messages in its queues.
    """

    taken: int
    has_work: bool
    is_full: bool
    waiting: bool

    @property
    def is_odd(self) -> bool:
        """It has nothing to do, and yet does not take what it could take."""
        return not self.has_work and (self.is_full or self.waiting)


@dataclass
class Stopwatch:
    """How long one oddity lasts. A gap between looks, as of a sleep, ends it."""

    since: float | None = None
    taken: int = 0
    looked: float = 0.0

    def seconds(self, look: Look, *, now: float) -> float:
        """For how long nothing was taken; `now` is monotonic."""
        was_asleep = now - self.looked > 3 * LOOK_SECONDS
        is_new = self.since is None or look.taken != self.taken or was_asleep
        self.looked, self.taken = now, look.taken
        if not look.is_odd:
            self.since = None
        elif is_new:
            self.since = now
        return now - self.since if self.since is not None else 0.0


class DeafnessWatch(bootsteps.StartStopStep):
    """A thread beside the consumer, which it may find hanging as well as deaf."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    is_started = False

    def start(self, parent: Any) -> None:
        """Called after each connection; the thread is started once."""
        if not DeafnessWatch.is_started:
            DeafnessWatch.is_started = True
            Thread(target=watch, args=[lambda: seen_of(parent)], daemon=True).start()


def watch(seen: Callable[[], Look | None]) -> None:
    """Look every few seconds; end the process when it has been deaf for too long."""
    stopwatch = Stopwatch()
    while True:
        time.sleep(LOOK_SECONDS)
        look = seen()
        if look is None:
            stopwatch = Stopwatch()
            continue
        seconds = stopwatch.seconds(look, now=time.monotonic())
        if seconds >= DEAF_SECONDS:
            log.critical("takes no messages; ending", seconds=round(seconds))
            os._exit(EXIT_CODE)  # the loop that an orderly stop needs may hang


def seen_of(consumer: Any) -> Look | None:
    """None while it is connecting, or the broker does not answer."""
    tasks = getattr(consumer, "task_consumer", None)
    if tasks is None:
        return None
    try:
        waiting = _is_anything_waiting(
            consumer.app.conf.broker_url, [queue.name for queue in tasks.queues]
        )
        return Look(
            taken=state.all_total_count[0],
            has_work=bool(len(state.reserved_requests)),
            is_full=not tasks.channel.qos.can_consume(),
            waiting=waiting,
        )
    except (RedisError, AttributeError):  # the consumer is just being made anew
        return None


def _is_anything_waiting(url: str, queues: list[str]) -> bool:
    with Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return any(client.llen(queue) for queue in queues)
