"""`manage.py load_demo`: what is there afterwards, and that it may be called again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import transaction

from instances import vault
from instances.access import role_of
from instances.models import Account, Connection, Instance, Role, User
from schedules.claiming.claims import claim
from schedules.demo.loading import load_demo
from schedules.demo.stories import stories
from schedules.demo.story import Plot
from schedules.health import check_schedule_health
from schedules.invariants import breaches
from schedules.models import Run, RunEvent, Schedule, Target
from schedules.recurrence import fire_times
from schedules.validation import check_schedules, worth_checking
from tests.makers import NOON
from tests.schedules.clock import stopped_clock
from tests.schedules.commands import Ended, run
from workflows.models import ExecutionResult, Workflow, WorkflowExecution
from workflows.results import page

pytestmark = pytest.mark.usefixtures("_at_noon", "results_folder")
SMALL = ["--schedules", "10", "--weeks", "8"]
DAY = timedelta(days=1)


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def load(*argv: str) -> Ended:
    return run("load_demo", *(argv or SMALL))


def everything() -> dict[str, Any]:
    """What a second call must leave alone."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (User, Account, Instance, Connection, Workflow, Schedule, Target)
    } | {model.__name__: model.objects.count() for model in (Run, WorkflowExecution)}


def of(plot: Plot) -> Schedule:
    """The first schedule that tells the plot."""
    name = next(story.name for story in stories(10) if story.plot is plot)
    return Schedule.objects.get(name=name)


# --- Calling it -------------------------------------------------------------------


def test_it_says_how_to_log_in():
    ended = load()

    assert ended.code == 0
    assert "demo / demo-password" in ended.out
    assert "10 schedules" in ended.err
    assert User.objects.get(username="demo").check_password("demo-password")
    assert User.objects.get(username="vic").check_password("vic-password")


def test_a_second_call_changes_nothing():
    load()
    before = everything()

    again = load()

    assert again.code == 0
    assert "nothing was changed" in again.err
    assert "demo / demo-password" in again.out
    assert everything() == before


def test_it_refuses_production(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("APP_ENV", "production")

    ended = load()

    assert ended.code == 2
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "argv",
    [
        ["--schedules", "9"],
        ["--schedules", "501"],
        ["--schedules", "many"],
        ["--weeks", "7"],
        ["--weeks", "105"],
        ["--seed", "x"],
    ],
)
def test_sizes_out_of_range_are_wrong_usage(argv: list[str]):
    assert load(*argv).code == 2


def test_what_a_sync_has_brought_already_is_kept():
    account = Account.objects.create(
        account_id="ENTITY1SANDBOX",
        marketplace_id="ATVPDKIKX0DER",
        name="Mine",
        created_at=NOON,
    )
    Instance.objects.create(
        account=account, instance_id="amcsandbox01", name="Known", created_at=NOON
    )

    load()

    assert Account.objects.get().name == "Mine"
    assert Instance.objects.get(instance_id="amcsandbox01").name == "Known"
    assert Instance.objects.count() == 30


def test_the_same_seed_tells_the_same_story():
    def story(seed: int) -> list[tuple[Any, ...]]:
        with transaction.atomic():
            load_demo(schedules=10, weeks=8, seed=seed, now=NOON)
            columns = ("target__instance__name", "scheduled_for", "state", "reason")
            told = list(Run.objects.order_by("id").values_list(*columns, "finished_at"))
            transaction.set_rollback(True)
        return told

    assert story(7) == story(7) != story(8)


def test_what_fails_leaves_nothing(
    results_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("schedules.demo.loading.count_failures", fail)
    with pytest.raises(RuntimeError):
        load_demo(schedules=10, weeks=8, seed=7, now=NOON)

    assert not User.objects.exists()
    assert not [path for path in results_folder.rglob("*") if path.is_file()]


# --- What is there ----------------------------------------------------------------


def test_no_invariant_is_broken():
    load()

    assert breaches(now=NOON) == []


def test_every_slot_of_an_active_target_has_one_run():
    load()
    schedule = of(Plot.BREAKS)
    broken = schedule.targets.exclude(paused_at=None).get()

    slots = fire_times(
        schedule.cron_expression, schedule.timezone, schedule.created_at, 8
    )

    for target in schedule.targets.all():
        runs = Run.objects.filter(target=target, trigger="schedule")
        assert sorted(run.scheduled_for for run in runs) == slots
    assert broken.consecutive_failures == 5
    assert broken.pause_reason == "failures"
    assert Run.objects.filter(target=broken, reason="target_paused").exists()


def test_nothing_is_due_and_what_comes_next_is_right():
    load()

    assert not Schedule.objects.due(now=NOON).exists()
    checked = check_schedules(worth_checking(paused=True), now=NOON)
    assert {found.code for found in checked.findings} == {
        "connection_held",
        "window_repeats",
    }


def test_the_next_slot_of_a_schedule_can_be_claimed():
    load()
    pulse = of(Plot.STEADY)

    claimed = claim([pulse.pk], now=NOON + timedelta(minutes=15))

    assert claimed.runs == len(claimed.run_ids_pending) == 2


def test_health_shows_what_the_stories_say():
    load()

    health = check_schedule_health(NOON)

    assert [each.name for each in health.failing] == [of(Plot.FALTERS).name]
    assert [each.name for each in health.slower] == [of(Plot.SLOWS).name]
    assert [alarm.code for alarm in health.alarms] == ["connection_held"]
    assert health.stalled == ()


def test_a_person_has_paused_one_and_said_why():
    load()
    paused = of(Plot.PAUSED)

    assert not paused.is_active
    assert paused.pause_cause == "person"
    assert "holiday" in paused.pause_reason
    newest = paused.history.first()
    assert newest.history_user.username == "demo"
    assert newest.history_date == paused.paused_at
    assert not Run.objects.filter(
        schedule=paused, scheduled_for__gt=paused.paused_at
    ).exists()


def test_the_runs_of_a_held_connection_wait_for_it():
    load()

    waiting = Run.objects.filter(state="WAITING")

    assert waiting.exists()
    assert {run.reason for run in waiting} == {"credential"}
    assert {run.connection.held_at is None for run in waiting} == {False}


def test_demo_administers_and_vic_only_looks():
    load()
    account = Account.objects.get()
    demo, vic = User.objects.get(username="demo"), User.objects.get(username="vic")

    assert demo.is_superuser
    assert demo.is_staff
    assert role_of(demo, account.pk) == Role.ADMIN
    assert role_of(vic, account.pk) == Role.VIEWER
    assert not vic.is_staff


def test_the_connections_have_the_sandbox_s_token_encrypted():
    load()

    for connection in Connection.objects.all():
        assert "Atzr" not in connection.refresh_token
        assert vault.unseal(connection.pk, connection.refresh_token) == "Atzr|sandbox"


def test_young_results_can_be_read_and_old_ones_say_they_are_gone():
    load()
    young = ExecutionResult.objects.filter(removed_at=None)
    old = ExecutionResult.objects.exclude(removed_at=None)

    assert young.exists()
    for result in young[:20]:
        rows = page(result, None, 100)
        assert rows.columns == result.columns
        assert len(rows.rows) == result.row_count
    assert all(result.removed_at <= NOON for result in old)
    assert not storages["results"].exists(old[0].storage_key)


def test_each_run_has_the_moves_that_led_to_its_state():
    load()
    succeeded = Run.objects.filter(state="SUCCEEDED").order_by("id").first()

    moves = [
        (event.from_state, event.to_state)
        for event in RunEvent.objects.filter(run=succeeded).order_by("id")
    ]

    assert moves[0] == ("PENDING", "WAITING")
    assert moves[-1] == ("RUNNING", "SUCCEEDED")
    assert all(before[1] == after[0] for before, after in pairwise(moves))


def test_nothing_lies_in_the_future():
    load()

    assert not Run.objects.filter(created_at__gt=NOON).exists()
    assert not Run.objects.filter(finished_at__gt=NOON).exists()
    assert not WorkflowExecution.objects.filter(ended_at__gt=NOON).exists()
    assert not RunEvent.objects.filter(at__gt=NOON).exists()


@pytest.mark.slow
def test_the_whole_demo_is_in_order():
    ended = load("--schedules", "35", "--weeks", "52")

    assert ended.code == 0, ended.err
    assert Schedule.objects.count() == 35
    assert Run.objects.count() > 10_000
    assert breaches(now=NOON) == []
    assert len({schedule.timezone for schedule in Schedule.objects.all()}) > 10
    outcomes = set(Run.objects.values_list("state", "reason"))
    assert outcomes >= {
        ("SUCCEEDED", ""),
        ("FAILED", "amazon_unavailable"),
        ("FAILED", "privacy_overlap"),
        ("FAILED", "access_denied"),
        ("CANCELLED", "cancelled"),
        ("SKIPPED", "missed"),
        ("SKIPPED", "overlap"),
        ("SKIPPED", "target_paused"),
        ("WAITING", "credential"),
    }
