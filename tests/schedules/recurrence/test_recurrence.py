"""Fire times: the vectors, the contract of each function, memory and threads."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from schedules import recurrence
from schedules.errors import InvalidRecurrence
from schedules.recurrence import (
    describe,
    fire_times,
    fires_between,
    newest_slots,
    slots_between,
    validate,
    zone,
)

VECTORS = json.loads((Path(__file__).parent / "data" / "vectors.json").read_text())
ROOT = Path(__file__).parents[3]
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda v: f"{v['cron']} {v['tz']} {v['after']}"
)
def test_a_vector(vector: dict[str, Any]) -> None:
    after = datetime.fromisoformat(vector["after"])

    fires = fire_times(vector["cron"], vector["tz"], after, 5)

    assert fires == [datetime.fromisoformat(slot) for slot in vector["next"]]


def test_fire_times_are_strictly_after_and_in_utc() -> None:
    fires = fire_times("0 * * * *", "UTC", MONDAY_NOON, 2)

    assert fires == [
        datetime(2026, 11, 23, 13, tzinfo=UTC),
        datetime(2026, 11, 23, 14, tzinfo=UTC),
    ]
    assert all(fire.tzinfo is UTC for fire in fires)


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ("2026-11-23T12:59:59.999999+00:00", "2026-11-23T13:00:00+00:00"),
        ("2026-11-23T13:00:00+00:00", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23T13:00:00.000001+00:00", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23T13:30:30+05:30", "2026-11-23T09:00:00+00:00"),
    ],
)
def test_after_may_have_seconds_and_any_zone(after: str, first: str) -> None:
    for count in (1, 50):
        fires = fire_times("0 * * * *", "UTC", datetime.fromisoformat(after), count)

        assert fires[0] == datetime.fromisoformat(first)
        assert len(fires) == count


@pytest.mark.parametrize(("second", "hour"), [(20, 12), (30, 13), (40, 13)])
def test_a_sub_minute_offset_of_long_ago_is_kept(second: int, hour: int) -> None:
    # Monrovia's clock was 44 min 30 s behind until 1972.
    after = datetime(1971, 6, 1, 12, 44, second, tzinfo=UTC)

    for count in (1, 50):
        first = fire_times("0 * * * *", "Africa/Monrovia", after, count)[0]

        assert first == datetime(1971, 6, 1, hour, 44, 30, tzinfo=UTC)


def test_no_count_gives_no_fires() -> None:
    assert fire_times("* * * * *", "UTC", MONDAY_NOON, 0) == []


@pytest.mark.parametrize("count", [1, 20])
def test_a_naive_moment_is_refused(count: int) -> None:
    naive = MONDAY_NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="aware"):
        fire_times("* * * * *", "UTC", naive, count)
    with pytest.raises(ValueError, match="aware"):
        list(slots_between("* * * * *", "UTC", MONDAY_NOON, naive))


@pytest.mark.parametrize(
    ("cron", "timezone_name", "code", "field"),
    [
        ("60 * * * *", "UTC", "cron_range", "cron"),
        ([], "UTC", "type", "cron"),
        ("0 9 * * *", "Mars/Phobos", "unknown_timezone", "timezone"),
        ("0 9 * * *", ["UTC"], "type", "timezone"),
    ],
)
def test_every_function_refuses_what_validate_refuses(
    cron: Any, timezone_name: Any, code: str, field: str
) -> None:
    pair = (cron, timezone_name)
    calls = [
        lambda: validate(*pair),
        lambda: fire_times(*pair, MONDAY_NOON, 1),
        lambda: fire_times(*pair, MONDAY_NOON, 100),
        lambda: slots_between(*pair, MONDAY_NOON, MONDAY_NOON),
        lambda: fires_between(*pair, MONDAY_NOON, MONDAY_NOON, 1),
        lambda: newest_slots(*pair, MONDAY_NOON, MONDAY_NOON, 1),
    ]

    for call in calls:
        with pytest.raises(InvalidRecurrence) as caught:
            call()
        assert (caught.value.code, caught.value.field) == (code, field)


def test_describe_refuses_what_validate_refuses() -> None:
    with pytest.raises(InvalidRecurrence):
        describe("0 0 31 2 *")
    with pytest.raises(InvalidRecurrence):
        describe(None)


def test_the_end_of_the_calendar_ends_the_fires() -> None:
    after = datetime(9989, 1, 1, tzinfo=UTC)

    for cron in ("0 0 29 2 *", "*/30 0 1 1 *", "0 0 1 1 *"):
        assert len(fire_times(cron, NEW_YORK, after, 100)) < 10


@pytest.mark.parametrize("year", [1, 1899, 9999])
def test_a_moment_outside_the_calendar_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="1900"):
        fire_times("0 0 * * *", NEW_YORK, datetime(year, 6, 1, tzinfo=UTC), 1)


@pytest.mark.parametrize("name", ["1995-12-31", "2027-03-14", "2044-02-28"])
@pytest.mark.parametrize("cron", ["0 9 * * 1-5", "*/7 */5 * * *", "0 0 29 2 *"])
def test_one_by_one_gives_the_same_as_many_at_once(cron: str, name: str) -> None:
    after = datetime.fromisoformat(f"{name}T00:00:00+00:00")
    at_once = fire_times(cron, NEW_YORK, after, 15)

    for slot in at_once:
        (after,) = fire_times(cron, NEW_YORK, after, 1)
        assert after == slot


def test_slots_between_leaves_out_the_first_bound_and_keeps_the_last() -> None:
    until = MONDAY_NOON + timedelta(hours=3)

    slots = list(slots_between("0 * * * *", "UTC", MONDAY_NOON, until))

    assert slots == [MONDAY_NOON + timedelta(hours=h) for h in (1, 2, 3)]
    assert list(slots_between("0 * * * *", "UTC", until, MONDAY_NOON)) == []


def test_slots_between_is_lazy() -> None:
    century = slots_between(
        "* * * * *", NEW_YORK, MONDAY_NOON, datetime(2126, 1, 1, tzinfo=UTC)
    )

    assert list(islice(century, 2)) == fire_times("* * * * *", NEW_YORK, MONDAY_NOON, 2)


def test_fires_between_gives_the_oldest() -> None:
    until = MONDAY_NOON + timedelta(days=10)

    fires = fires_between("0 9 * * 1-5", NEW_YORK, MONDAY_NOON, until, 3)

    assert [fire.isoformat() for fire in fires] == [
        "2026-11-23T14:00:00+00:00",
        "2026-11-24T14:00:00+00:00",
        "2026-11-25T14:00:00+00:00",
    ]


@pytest.mark.parametrize(
    "cron", ["* * * * *", "0 9 * * 1-5", "0 0 1 * *", "0 0 29 2 *"]
)
@pytest.mark.parametrize("limit", [0, 1, 101])
@pytest.mark.parametrize("days", [0, 1, 10, 100])
def test_newest_slots_are_the_end_of_all_slots(
    cron: str, limit: int, days: int
) -> None:
    after = MONDAY_NOON - timedelta(days=days)
    every = list(slots_between(cron, NEW_YORK, after, MONDAY_NOON))

    newest = newest_slots(cron, NEW_YORK, after, MONDAY_NOON, limit)

    assert newest == every[len(every) - min(limit, len(every)) :]


def test_newest_slots_of_a_wrong_way_round_are_none() -> None:
    earlier = MONDAY_NOON - timedelta(days=1)

    assert newest_slots("* * * * *", "UTC", MONDAY_NOON, earlier, 5) == []


def test_newest_slots_of_the_whole_calendar_are_quick_to_find() -> None:
    after, until = datetime(1900, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)

    newest = newest_slots("0 0 1 1 *", "UTC", after, until, 2)

    assert [slot.year for slot in newest] == [9989, 9990]


def test_fires_are_remembered_for_the_minute_and_the_memory_is_bounded() -> None:
    memory = recurrence._next_slots
    memory.cache_clear()

    for second in range(60):
        moment = MONDAY_NOON + timedelta(seconds=second)
        fire_times("0 9 * * *", NEW_YORK, moment, 1)

    assert memory.cache_info().misses == 1
    assert memory.cache_info().hits == 59
    assert memory.cache_info().maxsize is not None


def test_remembered_fires_cannot_be_changed_by_a_caller() -> None:
    first = fire_times("0 9 * * *", NEW_YORK, MONDAY_NOON, 3)
    first.clear()

    assert len(fire_times("0 9 * * *", NEW_YORK, MONDAY_NOON, 3)) == 3


def test_threads_do_not_disturb_each_other() -> None:
    crons = [f"{minute} {hour} * * 1-5" for minute in range(6) for hour in range(6)]
    alone = [fire_times(cron, NEW_YORK, MONDAY_NOON, 40) for cron in crons]

    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(
                lambda cron: fire_times(cron, NEW_YORK, MONDAY_NOON, 40), crons * 4
            )
        )

    assert together == alone * 4


def test_the_given_zone_of_the_machine_does_not_matter() -> None:
    after = datetime(2026, 11, 23, 7, tzinfo=timezone(timedelta(hours=-5)))

    assert fire_times("0 9 * * *", "UTC", after, 1) == [
        datetime(2026, 11, 24, 9, tzinfo=UTC)
    ]


@pytest.mark.parametrize("environment", [{}, {"PYTHONTZPATH": "/nowhere", "TZ": "NZ"}])
def test_an_empty_environment_without_django_is_enough(
    environment: dict[str, str],
) -> None:
    code = """
import sys
from datetime import UTC, datetime
from schedules import recurrence
from schedules.recurrence import warnings
from workflows import parameters, sql, windows
noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
print(recurrence.fire_times("0 9 * * *", "America/Vancouver", noon, 1)[0])
print(recurrence.describe("0 9 * * *"))
print(windows.resolve({"kind": "last_days", "days": 7}, noon, "Europe/Berlin").start)
print(parameters.render("SELECT {{x}}", {"x": "it's"}))
print([name for name in ("django", "celery") if name in sys.modules])
"""

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "2026-11-23 16:00:00+00:00",
        "At 09:00 every day",
        "2026-11-14",
        "SELECT 'it''s'",
        "[]",
    ]


def test_zones_come_by_their_exact_name() -> None:
    assert zone("Europe/Berlin").key == "Europe/Berlin"
    with pytest.raises(InvalidRecurrence) as caught:
        validate("0 9 * * *", "europe/berlin")

    assert caught.value.message.endswith("Did you mean Europe/Berlin?")
