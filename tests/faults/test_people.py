"""Faults that people make by pressing buttons at the wrong moment, all at once."""

from __future__ import annotations

import pytest

from tests.faults.checker import Era, Plan
from tests.faults.person import Person, all_at_once
from tests.faults.trial import Trial

pytestmark = pytest.mark.faults

NEVER = {"cron_expression": "0 0 1 1 *", "next_run_at": "2027-01-01T00:00:00+00:00"}
FEW = {"copies": 4, "overlap_policy": "allow", "missed_policy": "all"}
HISTORY = """
SELECT id, is_active, cron_expression, timezone, deleted_at, history_date
  FROM schedule_changes ORDER BY id, history_id
"""


def test_f41_schedules_are_edited_paused_and_deleted_while_they_are_due(trial: Trial):
    trial.begin(FEW | {"copies": 8})
    with Person(trial.stack.web_url, "owner1") as person:
        ids = [each["id"] for each in person.get("schedules/").json()["results"]]
        for _ in range(60):
            _change_something(trial, person, trial.dice.choice(ids))
            trial.wait(trial.dice.uniform(0.1, 0.6))

    trial.conclude(plan=lambda halted: _plans_by_history(trial, halted))


def _change_something(trial: Trial, person: Person, schedule: int) -> None:
    shown = person.get(f"schedules/{schedule}/")
    deed = trial.dice.choice(["pause", "resume", "resume", "edit", "edit", "delete"])
    if shown.status_code == 404:
        return
    if deed in ("pause", "resume"):
        answer = person.post(f"schedules/{schedule}/{deed}/", {"reason": "f41"})
    elif deed == "edit":
        cron = trial.dice.choice(["* * * * *", "*/2 * * * *", "1-59/3 * * * *"])
        answer = person.patch(
            f"schedules/{schedule}/",
            {"cron_expression": cron},
            If_Match=shown.headers["ETag"],
        )
    elif trial.dice.random() < 0.2:
        answer = person.delete(
            f"schedules/{schedule}/?cancel=true", If_Match=shown.headers["ETag"]
        )
    else:
        return
    assert answer.status_code in (200, 204, 409, 412), answer.text
    trial.bit(answer.status_code in (200, 204))


def _plans_by_history(trial: Trial, halted: dict[int, Plan]) -> dict[int, Plan]:
    """What the change log says held when; the pause is in the change log."""
    now = trial.clock.now()
    changes: dict[int, list[dict[str, object]]] = {}
    for row in trial.database.rows(HISTORY):
        changes.setdefault(int(row["id"]), []).append(row)
    plans = {}
    for schedule, rows in changes.items():
        last = halted[schedule].eras[0].end if schedule in halted else now
        ends = [row["history_date"] for row in rows[1:]] + [last]
        eras, first = [], trial.first_slot(schedule)
        for row, end in zip(rows, ends, strict=True):
            if row["is_active"] and row["deleted_at"] is None and first < end:
                cron, zone = str(row["cron_expression"]), str(row["timezone"])
                eras.append(Era(cron=cron, timezone=zone, first=first, end=end))
            first = max(first, end)
        moments = tuple(row["history_date"] for row in rows[1:])
        plans[schedule] = Plan(
            eras=tuple(_whole_minutes(era) for era in eras), moments=moments
        )
    return plans


def _whole_minutes(era: Era) -> Era:
    """A rule that comes into force within a minute begins with the next one."""
    from dataclasses import replace
    from datetime import timedelta

    begin = era.first.replace(second=0, microsecond=0)
    if begin < era.first:
        begin += timedelta(minutes=1)
    return replace(era, first=begin)


def test_f42_runs_are_cancelled_in_every_state(trial: Trial):
    trial.begin(FEW)
    trial.amc.faults("long_run", seconds=60.0, probability=0.5)
    trial.stack.points.arm("claimed-for-sending", "sleep", seconds=0.7, times=10)
    trial.stack.points.arm("posted-unrecorded", "kill", times=3)
    asked: set[str] = set()
    with Person(trial.stack.web_url, "owner1") as person:
        for _ in range(40):
            trial.wait(0.5)
            open_runs = trial.database.rows(
                "SELECT r.id, r.state, e.state AS execution FROM schedule_runs r"
                " LEFT JOIN workflow_executions e ON e.id = r.execution_id"
                " WHERE r.state IN ('PENDING','WAITING','RUNNING')"
                " AND r.cancel_requested_at IS NULL"
            )
            for run in open_runs[:1] if trial.dice.random() < 0.7 else []:
                answer = person.post(f"runs/{run['id']}/cancel/", {"reason": "f42"})
                assert answer.status_code in (200, 202, 409), answer.text
                trial.bit(answer.status_code != 409)
                asked.add(f"{run['state']} {run['execution']}")

    trial.conclude(only_in=["SUCCEEDED", "CANCELLED cancelled"])
    assert len(asked) >= 3, f"cancelled only in {asked}"


@pytest.mark.quick
def test_f43_two_people_press_the_button_fifty_times_at_once(trial: Trial):
    trial.begin(NEVER | {"overlap_policy": "allow"}, editors=1)
    schedule = trial.database.number("SELECT id FROM workflow_schedules")
    path = f"schedules/{schedule}/trigger/"
    web = trial.stack.web_url
    with Person(web, "owner1") as first, Person(web, "editor10") as second:
        same = all_at_once(lambda: first.post(path, Idempotency_Key="f43"), 50)
        assert trial.runs() == 1
        refused = all_at_once(lambda: second.post(path), 20)
        forced = all_at_once(lambda: second.post(path, {"force": True}), 10)

    started = {each.json()["runs"][0]["id"] for each in same if each.status_code == 201}
    assert len(started) == 1, started
    late = {each.json()["code"] for each in same if each.status_code != 201}
    assert late <= {"request_under_way"}, late
    assert {each.status_code for each in refused} == {409}
    assert {each.json()["code"] for each in refused} == {"recent_run"}
    assert {each.status_code for each in forced} == {201}
    assert trial.runs() == 11
    trial.bit(len(same) + len(refused) + len(forced))
    trial.conclude(only_in=["SUCCEEDED"])
