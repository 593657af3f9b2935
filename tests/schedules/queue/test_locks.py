"""Short locks: they spare work and never stop it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from schedules.queue import locks
from schedules.queue.locks import short_lock, target_lock

# Beyond the keys of any test's rows: all tests share one Redis.
TARGET = 10**9


@pytest.fixture
def _dead_redis():
    """A Redis that nobody listens for."""
    locks._redis.cache_clear()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        yield
    locks._redis.cache_clear()


def test_one_at_a_time_works_on_a_target():
    with (
        target_lock(TARGET + 1) as first,
        target_lock(TARGET + 1) as second,
        target_lock(TARGET + 2) as other,
    ):
        assert (first, second, other) == (True, False, True)


def test_a_lock_is_free_again_after_its_holder():
    with target_lock(TARGET + 3):
        pass

    with target_lock(TARGET + 3) as again:
        assert again


def test_who_did_not_get_a_lock_does_not_release_it():
    with target_lock(TARGET + 4):
        with target_lock(TARGET + 4):
            pass
        with target_lock(TARGET + 4) as third:
            assert not third


def test_a_lock_is_free_after_a_holder_that_failed():
    with pytest.raises(ZeroDivisionError), target_lock(TARGET + 5):
        _ = 1 / 0

    with target_lock(TARGET + 5) as again:
        assert again


def test_a_run_without_target_needs_no_lock():
    with target_lock(None) as first, target_lock(None) as second:
        assert first
        assert second


@pytest.mark.usefixtures("_dead_redis")
def test_a_redis_that_is_away_stops_nobody():
    with target_lock(TARGET + 6) as is_mine:
        assert is_mine


def test_a_lease_that_passed_does_no_harm():
    with short_lock("brief", lease=timedelta(milliseconds=1)) as is_mine:
        assert is_mine
        while locks._redis().exists(locks.key_of("brief")):
            pass
