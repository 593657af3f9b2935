"""`manage.py list_active_schedules`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from instances.models import Instance
from schedules.models import Schedule
from tests.makers import NOON, make_execution, make_instance, make_run, make_schedule
from tests.schedules.clock import stopped_clock
from tests.schedules.commands import Ended, run
from workflows.models import Workflow

pytestmark = pytest.mark.usefixtures("_at_noon")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def _at_noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


def list_schedules(*argv: object) -> Ended:
    return run("list_active_schedules", *argv)


@pytest.fixture
def three(workflow: Workflow) -> dict[str, Schedule]:
    """One due, one in a week, one paused; the first on two instances."""
    second = make_instance(workflow.account, name="Acme DE")
    return {
        "later": make_schedule(
            workflow,
            name="Later",
            timezone="America/New_York",
            next_run_at=NOON + 7 * DAY,
        ),
        "due": make_schedule(workflow, workflow.instance, second, name="Due"),
        "paused": make_schedule(
            workflow,
            name="Paused",
            is_active=False,
            next_run_at=None,
            paused_at=NOON,
            pause_cause="person",
        ),
    }


def names(ended: Ended) -> list[str]:
    return [item["name"] for item in ended.items]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], ["Due", "Later"]),
        (["--all"], ["Due", "Later", "Paused"]),
        (["--paused"], ["Paused"]),
        (["--due-within", "24h"], ["Due"]),
        (["--due-within", "7d"], ["Due", "Later"]),
        (["--limit", "1"], ["Due"]),
    ],
)
def test_it_lists_what_was_asked_for_the_next_first(
    three: dict[str, Schedule], argv: list[str], expected: list[str]
):
    ended = list_schedules("--json", *argv)

    assert names(ended) == expected
    assert ended.code == 0


def test_the_three_states_have_the_words_of_the_specification(
    three: dict[str, Schedule],
):
    ended = list_schedules("--all", "-o", "json")

    assert [item["status"] for item in ended.items] == ["Due", "Next: 7 days", "Paused"]


def test_the_table_shows_the_zone_of_each_time(three: dict[str, Schedule]):
    ended = list_schedules()

    head, due, later = ended.out.splitlines()
    assert head.split("  ")[0] == "ID"
    assert "2/2" in due
    assert "23 Nov 2026 12:00 UTC" in due
    assert "30 Nov 2026 07:00 EST" in later
    assert "Healthy" in later
    assert ended.err == "2 schedules.\n"


def test_json_has_the_names_of_the_api_and_local_time(three: dict[str, Schedule]):
    ended = list_schedules("--json")

    assert ended.document["schema"] == "amc.schedules.list/1"
    assert ended.document["count"] == 2
    later = ended.items[1]
    assert later["next_run_at"] == "2026-11-30T12:00:00Z"
    assert later["next_run_local"] == "2026-11-30T07:00:00-05:00"
    assert later["timezone"] == "America/New_York"
    assert later["target_count"] == later["active_target_count"] == 1


def test_csv_has_a_line_for_each(three: dict[str, Schedule]):
    ended = list_schedules("-o", "csv")

    assert ended.out.startswith("id,name,workflow,")
    assert len(ended.out.splitlines()) == 3


def test_a_limit_says_how_many_there_are(three: dict[str, Schedule]):
    assert list_schedules("--limit", 1).err == "The first 1 of 2 schedules.\n"


def test_nothing_to_list_is_no_failure_unless_asked(schedule: Schedule):
    Schedule.objects.update(is_active=False, next_run_at=None, paused_at=NOON)

    assert list_schedules().code == 0
    assert list_schedules("--fail-if-empty").code == 1
    assert list_schedules().err == "No schedules match.\n"


def test_overdue_ones_make_the_exit_code_1(three: dict[str, Schedule]):
    assert list_schedules("--overdue").code == 0

    Schedule.objects.filter(name="Due").update(next_run_at=NOON - HOUR)

    ended = list_schedules("--overdue", "--json")
    assert (ended.code, names(ended)) == (1, ["Due"])


def test_a_broken_zone_does_not_stop_the_list(schedule: Schedule):
    Schedule.objects.update(timezone="Mars/Base", cron_expression="")

    ended = list_schedules()

    assert ended.code == 0
    assert "23 Nov 2026 12:00 UTC" in ended.out


def test_deleted_ones_are_gone(schedule: Schedule):
    Schedule.objects.update(
        deleted_at=NOON, is_active=False, next_run_at=None, paused_at=NOON
    )

    assert list_schedules("--all", "--json").items == []


def test_health_and_the_last_run_are_shown(schedule: Schedule):
    target = schedule.targets.get()
    for hours in (3, 2, 1):
        run_row = make_run(target, scheduled_for=NOON - hours * HOUR)
        make_execution(run_row)
        type(run_row).objects.filter(pk=run_row.pk).update(
            state="FAILED", reason="sql_invalid", finished_at=NOON
        )

    (item,) = list_schedules("--json").items

    assert item["health"] == "failing"
    assert item["last_run_state"] == "FAILED"


def test_wrong_arguments_are_wrong_usage():
    assert list_schedules("--due-within", "soon").code == 2
    assert list_schedules("--limit", "0").code == 2
    assert list_schedules("--all", "--paused").code == 2


def test_the_number_of_queries_does_not_grow(
    workflow: Workflow,
    instance: Instance,
    django_assert_max_num_queries: DjangoAssertNumQueries,
):
    for _ in range(30):
        make_schedule(workflow, instance)

    with django_assert_max_num_queries(7):
        list_schedules("--all")
