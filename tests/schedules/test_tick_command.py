"""`manage.py tick`: the scheduler without broker and Beat."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from io import StringIO
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from instances.models import Heartbeat
from schedules.management.commands.tick import (
    LONGEST_PAUSE_SECONDS,
    Command,
    _back_off,
)
from schedules.models import Run, Schedule
from tests.broker import closing_port, no_broker
from tests.makers import NOON
from tests.schedules.clock import stopped_clock


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def tick(**options: object) -> str:
    out = StringIO()
    call_command("tick", stdout=out, **options)
    return out.getvalue()


@pytest.mark.usefixtures("_at_noon", "broker")
def test_one_tick_says_what_it_did(schedule: Schedule):
    assert tick() == (
        "dispatched: schedules 1, runs 1, pending 1, published 1; swept: nothing\n"
    )
    assert tick() == "dispatched: nothing; swept: nothing\n"


@pytest.mark.usefixtures("_at_noon", "broker")
def test_machines_get_json(schedule: Schedule):
    said = json.loads(tick(json=True))

    assert said["schema"] == "amc.tick/1"
    assert said["dispatch"]["published"] == 1


@pytest.mark.usefixtures("_at_noon")
def test_without_a_broker_the_rows_are_made_all_the_same(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
):
    with closing_port() as (port, _):
        no_broker(monkeypatch, port)

        said = tick()

    assert said.startswith("dispatched: schedules 1, runs 1, pending 1; ")
    assert Run.objects.get().state == "PENDING"
    assert Heartbeat.objects.filter(name="tick").exists()


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "4000"])
def test_a_senseless_interval_is_refused(seconds):
    with pytest.raises(CommandError, match=r"0\.1 to 3600"):
        call_command("tick", "--every", seconds)


def test_pauses_after_failures_grow_up_to_a_limit():
    pauses = [_back_off(failures) for failures in (0, 1, 2, 50)]

    assert pauses[0] == 0
    assert 0.8 <= pauses[1] <= 1.2
    assert 1.6 <= pauses[2] <= 2.4
    assert pauses[3] <= LONGEST_PAUSE_SECONDS * 1.2


# --- For ever ---------------------------------------------------------------------


@pytest.fixture
def _handlers() -> Iterator[None]:
    """The handlers of signals as they were."""
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def stop_when(is_time: Callable[[], bool]) -> Thread:
    """Send this process SIGTERM as soon as `is_time` says so."""

    def watch() -> None:
        try:
            while not is_time():
                pass
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    thread = Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_handlers", "broker")
def test_ticking_goes_on_until_it_is_told_to_stop(schedule: Schedule):
    Schedule.objects.update(cron_expression="* * * * *")
    watch = stop_when(lambda: Heartbeat.objects.filter(name="tick").exists())

    said = tick(every=0.1).splitlines()

    watch.join()
    assert said[0].startswith("dispatched: schedules 1")
    assert Run.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_a_tick_that_fails_is_no_end(caplog: pytest.LogCaptureFixture):
    command = Command(stdout=StringIO())

    _rename_the_clock("amc_now", "amc_gone")
    try:
        while_broken = command._has_ticked(as_json=False)
    finally:
        _rename_the_clock("amc_gone", "amc_now")
    afterwards = command._has_ticked(as_json=False)

    assert (while_broken, afterwards) == (False, True)
    assert "tick failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_tick_without_a_database_ends_with_its_exit_code():
    _rename_the_clock("amc_now", "amc_gone")
    try:
        with pytest.raises(CommandError) as ended:
            tick()
    finally:
        _rename_the_clock("amc_gone", "amc_now")

    assert ended.value.returncode == 6


def _rename_the_clock(name: str, new_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER FUNCTION {name}() RENAME TO {new_name}")
