"""Runs at the API: history, cancel, retry, and the rows of their results."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import storages

from instances.models import User
from schedules.models import Run, Schedule, Target
from tests.broker import Broker
from tests.browsers import API, browser, codes, refusal
from tests.config.world import land
from tests.makers import (
    NOON,
    make_account,
    make_execution,
    make_instance,
    make_run,
    make_schedule,
    make_target,
)
from tests.schedules.clock import stopped_clock
from tests.schedules.histories import HOUR, run_at_amazon, state_of, tried_run
from workflows.models import ExecutionResult

CSV = b'name,reach\r\nAcme,17\r\n"one\r\ntwo",-5\r\n=1+1,@x\r\n'


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    with stopped_clock(NOON):
        yield


@pytest.fixture
def landed(target: Target, results_folder: object) -> Run:
    run = make_run(target, scheduled_for=NOON - HOUR)
    land(run, CSV)
    return run


def path_of(run: Run, action: str = "") -> str:
    return f"{API}runs/{run.pk}/{action}"


def failed(target: Target, **changes: Any) -> Run:
    values = {
        "scheduled_for": NOON - HOUR,
        "state": "FAILED",
        "reason": "query_failed",
        "finished_at": NOON - HOUR,
    }
    return make_run(target, **values | changes)


# --- History ----------------------------------------------------------------------


def test_a_run_is_told_with_its_attempts(target: Target, vic: User):
    run = tried_run(target, scheduled_for=NOON - HOUR)
    make_execution(run, attempts_used=1)

    told = browser(vic).get(path_of(run)).json()

    assert (told["state"], told["schedule_name"]) == ("RUNNING", target.schedule.name)
    assert (told["workflow"], told["workflow_version"]) == (
        target.schedule.workflow_id,
        1,
    )
    assert [(e["attempt"], e["state"]) for e in told["executions"]] == [
        (1, "NOT_SUBMITTED"),
        (2, "SUBMITTING"),
    ]
    assert "request" not in told["executions"][0]
    assert told["result"] is None
    assert (told["window_start"], told["window_end"]) == ("2026-11-14", "2026-11-21")


def test_runs_are_told_newest_first_fifty_at_a_time(target: Target, vic: User):
    runs = [
        make_run(target, scheduled_for=NOON - n * HOUR, exclusive=False)
        for n in range(51)
    ]

    page = browser(vic).get(f"{API}runs/").json()
    rest = browser(vic).get(page["next"]).json()["results"]

    assert [row["id"] for row in page["results"]] == [r.pk for r in runs[:0:-1]]
    assert [row["id"] for row in rest] == [runs[0].pk]


def test_moves_are_told_as_the_database_recorded_them(target: Target, vic: User):
    run = run_at_amazon(target, "unsent", scheduled_for=NOON - HOUR)

    moves = browser(vic).get(path_of(run, "events/")).json()

    assert [(m["from_state"], m["to_state"], m["reason"]) for m in moves] == [
        ("PENDING", "WAITING", "capacity"),
        ("WAITING", "RUNNING", ""),
    ]
    assert moves[-1]["execution_id"] == run.execution_id


def test_runs_of_other_accounts_are_not_seen(schedule: Schedule, vic: User, bob: User):
    account = bob.memberships.get().account
    theirs = make_run(make_target(schedule, make_instance(account)))
    ours = make_run(schedule.targets.order_by("id").first())

    for user, seen, hidden in [(vic, ours, theirs), (bob, theirs, ours)]:
        rows = browser(user).get(f"{API}runs/").json()["results"]
        assert [row["id"] for row in rows] == [seen.pk]
        for action in ["", "events/", "rows/", "csv/"]:
            answer = browser(user).get(path_of(hidden, action))
            assert codes(answer) == (404, "not_found")
        for action in ["cancel/", "retry/"]:
            answer = browser(user).post(path_of(hidden, action))
            assert codes(answer) == (404, "not_found")


def test_a_run_without_account_is_seen_by_who_sees_its_schedule(
    target: Target, vic: User, bob: User
):
    run = make_run(target, account=None)

    assert browser(vic).get(path_of(run)).status_code == 200
    assert codes(browser(bob).get(path_of(run))) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "cba"),
        ("state=PENDING", "b"),
        ("state=PENDING,FAILED", "ba"),
        ("trigger=manual", "c"),
        ("trigger=manual,schedule", "cba"),
        ("reason=query_failed", "a"),
        ("reason=query", ""),
        ("since=2026-11-23T11:00:00Z", "cb"),
        ("until=2026-11-23T11:00:00Z", "a"),
        ("since=2026-11-23T12:00:00%2B01:00&until=2026-11-23T12:00:00Z", "b"),
        ("retry_of=999999", ""),
        ("schedule=999999", ""),
        ("target=999999", ""),
        ("workflow=999999", ""),
    ],
)
def test_runs_are_found(query: str, found: str, target: Target, vic: User):
    a = failed(target, scheduled_for=NOON - 2 * HOUR)
    b = make_run(target, scheduled_for=NOON - HOUR)
    c = make_run(
        target, trigger="manual", state="SKIPPED", reason="x", finished_at=NOON
    )
    letters = {a.pk: "a", b.pk: "b", c.pk: "c"}

    rows = browser(vic).get(f"{API}runs/?{query}").json()["results"]

    assert "".join(letters[row["id"]] for row in rows) == found


def test_runs_are_found_by_schedule_target_and_workflow(target: Target, vic: User):
    run = make_run(target)
    make_run(make_schedule(target.schedule.workflow).targets.get())

    for query in [
        f"schedule={target.schedule_id}",
        f"target={target.pk}",
        f"schedule={target.schedule_id}&workflow={target.schedule.workflow_id}",
    ]:
        rows = browser(vic).get(f"{API}runs/?{query}").json()["results"]
        assert [row["id"] for row in rows] == [run.pk]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("state=DONE", "invalid_choice", "state"),
        ("state=PENDING&state=FAILED", "repeated_parameter", "state"),
        ("trigger=cron", "invalid_choice", "trigger"),
        ("since=yesterday", "date_time", "since"),
        ("since=2026-11-23T12:00:00", "date_time", "since"),
        ("until=9999-12-31T23:59:59Z", "date_time", "until"),
        ("schedule=abc", "type", "schedule"),
        ("schedule=1;drop", "type", "schedule"),
        ("owner=1", "unknown_parameter", "owner"),
        ("ordering=id", "ordering", "ordering"),
    ],
)
def test_bad_filters_are_refused(query: str, code: str, field: str, vic: User):
    answer = browser(vic).get(f"{API}runs/?{query}")

    assert refusal(answer) == (400, code, field)


def test_runs_of_an_unknown_schedule_are_not_found(schedule: Schedule, bob: User):
    answer = browser(bob).get(f"{API}schedules/{schedule.pk}/runs/")

    assert codes(answer) == (404, "not_found")


# --- Cancelling and retrying ------------------------------------------------------


def test_cancelling_at_once_and_cancelling_twice(target: Target, alice: User):
    run = make_run(target)

    first = browser(alice).post(path_of(run, "cancel/"), {"reason": "a mistake"})
    second = browser(alice).post(path_of(run, "cancel/"))

    assert (first.status_code, first.json()["state"]) == (202, "CANCELLED")
    assert first.json()["cancel_reason"] == "a mistake"
    assert codes(second) == (409, "already_finished")


def test_cancelling_at_amazon_waits_and_may_be_asked_again(target: Target, alice: User):
    run = run_at_amazon(target)

    first = browser(alice).post(path_of(run, "cancel/"))
    second = browser(alice).post(path_of(run, "cancel/"))

    assert (first.status_code, first.json()["state"]) == (202, "RUNNING")
    assert first.json()["cancel_requested_at"] == "2026-11-23T12:00:00Z"
    assert first.json()["executions"][0]["cancel_requested_at"] is not None
    assert (second.status_code, second.json()) == (202, first.json())


def test_cancelling_while_the_result_is_fetched(target: Target, alice: User):
    run = run_at_amazon(target, "COLLECTING")

    answer = browser(alice).post(path_of(run, "cancel/"))

    assert answer.json()["state"] == "CANCELLED"
    assert answer.json()["executions"][0]["state"] == "CANCELLED"


def test_a_bad_reason_cancels_nothing(target: Target, alice: User):
    run = make_run(target)

    answer = browser(alice).post(path_of(run, "cancel/"), {"reason": 5})

    assert refusal(answer) == (400, "type", "reason")
    assert state_of(run) == ("PENDING", "")


def test_the_change_log_says_who_cancelled(target: Target, alice: User):
    browser(alice).post(path_of(make_run(target), "cancel/"), {"reason": "a mistake"})

    change = target.schedule.history.latest("history_id")
    assert (change.history_user, change.origin) == (alice, "api")
    assert change.history_change_reason.endswith(": a mistake")


def test_a_retry_is_a_new_run_for_the_same_dates(target: Target, alice: User):
    old = failed(target)

    answer = browser(alice).post(path_of(old, "retry/"))

    told = answer.json()
    assert (answer.status_code, told["retry_of"]) == (201, old.pk)
    assert (told["trigger"], told["state"]) == ("retry", "PENDING")
    assert told["window_end"] == "2026-11-21"
    again = browser(alice).post(path_of(old, "retry/"))
    assert codes(again) == (409, "already_retried")


def test_what_cannot_be_retried(target: Target, alice: User):
    open_run = make_run(target)
    old = failed(target)
    Target.objects.update(deleted_at=NOON)

    not_yet = browser(alice).post(path_of(open_run, "retry/"))
    nowhere = browser(alice).post(path_of(old, "retry/"))

    assert codes(not_yet) == (409, "not_finished")
    assert codes(nowhere) == (409, "no_active_target")
    assert Run.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_message_goes_after_the_commit(
    committed_db: None, broker: Broker, target: Target, alice: User
):
    told = browser(alice).post(path_of(failed(target), "retry/")).json()

    assert broker.waiting() == [("schedules.tasks.execute_run", told["id"])]


# --- Results ----------------------------------------------------------------------


def test_rows_are_told_page_by_page(landed: Run, vic: User):
    path = path_of(landed, "rows/?limit=2")

    first = browser(vic).get(path).json()
    second = browser(vic).get(f"{path}&cursor={first['next']}").json()

    assert first | {"next": ""} == {
        "columns": ["name", "reach"],
        "row_count": 3,
        "rows": [["Acme", "17"], ["one\r\ntwo", "-5"]],
        "next": "",
    }
    assert (second["rows"], second["next"]) == ([["=1+1", "@x"]], None)


def test_the_result_is_told_with_its_run(landed: Run, vic: User):
    told = browser(vic).get(path_of(landed)).json()

    assert (told["state"], told["result"]["row_count"]) == ("SUCCEEDED", 3)
    assert told["result"]["columns"] == ["name", "reach"]
    assert "storage_key" not in told["result"]
    assert told["executions"][0]["result"] == told["result"]


def test_the_file_comes_as_amazon_gave_it(landed: Run, vic: User):
    answer = browser(vic).get(path_of(landed, "csv/"))

    assert b"".join(answer.streaming_content) == CSV
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="run-{landed.pk}.csv"'
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_for_a_spreadsheet_formulas_are_text(landed: Run, vic: User):
    answer = browser(vic).get(path_of(landed, "csv/?safe=true"))

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(StringIO(text)))[1:] == [
        ["Acme", "17"],
        ["one\r\ntwo", "-5"],
        ["'=1+1", "'@x"],
    ]


@pytest.mark.parametrize(
    ("action", "code", "field"),
    [
        ("rows/?limit=0", "range", "limit"),
        ("rows/?limit=1001", "range", "limit"),
        ("rows/?limit=ten", "type", "limit"),
        ("rows/?limit=-1", "type", "limit"),
        ("rows/?cursor=abc", "invalid_page", "offset"),
        ("rows/?cursor=999999999", "invalid_page", "offset"),
        ("rows/?cursor=" + "9" * 21, "max_length", "cursor"),
        ("rows/?offset=1", "unknown_parameter", "offset"),
        ("rows/?limit=1&limit=2", "repeated_parameter", "limit"),
        ("csv/?safe=yes", "type", "safe"),
        ("csv/?format=xlsx", "unknown_parameter", "format"),
    ],
)
def test_bad_pages_are_refused(
    action: str, code: str, field: str, landed: Run, vic: User
):
    answer = browser(vic).get(path_of(landed, action))

    assert refusal(answer) == (400, code, field)


@pytest.mark.parametrize("action", ["rows/", "csv/", "csv/?safe=true"])
def test_a_run_without_result_says_so(action: str, target: Target, vic: User):
    for run in [make_run(target), run_at_amazon(target, scheduled_for=NOON - HOUR)]:
        answer = browser(vic).get(path_of(run, action))

        assert codes(answer) == (404, "no_result")


@pytest.mark.parametrize("action", ["rows/", "csv/", "csv/?safe=true"])
@pytest.mark.parametrize("how", ["retention", "loss"])
def test_a_result_that_is_gone_says_so(action: str, how: str, landed: Run, vic: User):
    if how == "retention":
        ExecutionResult.objects.update(removed_at=NOON)
    else:
        storages["results"].delete(ExecutionResult.objects.get().storage_key)

    answer = browser(vic).get(path_of(landed, action))

    assert codes(answer) == (410, "result_removed")
    assert browser(vic).get(path_of(landed)).json()["result"]["row_count"] == 3


def test_a_file_that_is_no_clean_table_is_still_told(
    target: Target, results_folder: object, vic: User
):
    run = make_run(target)
    land(run, b'a,b\n1\n1,2,3\n"open\n\xff,x\n')

    rows = browser(vic).get(path_of(run, "rows/"))

    assert rows.status_code == 200
    assert rows.json()["rows"][:2] == [["1"], ["1", "2", "3"]]


def test_the_results_of_other_accounts_are_not_told(
    schedule: Schedule, results_folder: object, vic: User
):
    run = make_run(make_target(schedule, make_instance(make_account())))
    land(run)

    for action in ["rows/", "csv/"]:
        answer = browser(vic).get(path_of(run, action))
        assert codes(answer) == (404, "not_found")
