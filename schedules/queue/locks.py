"""Short Redis locks that spare wasted work. PostgreSQL keeps things right without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from redis.retry import Retry

from instances.timing import times

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 1.0


@contextmanager
def target_lock(target_id: int | None) -> Iterator[bool]:
    """Whether to go on with a run of this target; a run without one always may."""
    if target_id is None:
        yield True
        return
    with short_lock(f"target:{target_id}", lease=times().target_lock) as is_mine:
        yield is_mine


@contextmanager
def short_lock(name: str, *, lease: timedelta) -> Iterator[bool]:
    """Whether to go on: False when somebody else holds the lock.

    A Redis that does not answer within a second stops nobody. Nothing may depend on
    the lease: it can pass while its holder still works.
    """
    lock = _redis().lock(
        key_of(name),
        timeout=lease.total_seconds(),
        blocking=False,
        thread_local=False,
    )
    try:
        is_mine = bool(lock.acquire())
    except RedisError as error:
        log.warning("going on without lock", lock=name, error=str(error))
        yield True
        return
    try:
        yield is_mine
    finally:
        if is_mine:
            _release(lock, name)


def key_of(name: str) -> str:
    """Installations may share a Redis."""
    return f"{settings.INSTALLATION_ID}:lock:{name}"


def _release(lock: Lock, name: str) -> None:
    try:
        lock.release()
    except LockError:
        log.info("lease of lock had passed", lock=name)
    except RedisError as error:
        log.warning("lock left to its lease", lock=name, error=str(error))


@cache
def _redis() -> Redis:
    """A client that answers within a second or not at all, and never tries twice."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
