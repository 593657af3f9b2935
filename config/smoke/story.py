"""The story: connect, schedule each minute, wait for the clock, compare results."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.smoke import amazon
from config.smoke.api import Api
from config.smoke.errors import SmokeFailed

INSTANCES = ["amcsandbox01", "amcsandbox02"]
SQL = "SELECT campaign, COUNT(*) AS impressions FROM dsp_impressions GROUP BY campaign"
WINDOW = {"kind": "last_days", "days": 14, "lag_days": 2}
WAIT_SECONDS = 120.0  # a minute for the clock, the rest for Amazon and the result
ASK_SECONDS = 2.0
FAILED_STATES = {"FAILED", "CANCELLED", "SKIPPED"}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was seen; `seconds` from the schedule's creation to the last result."""

    instances: list[str]
    rows: int
    scheduled_for: list[str]
    seconds: float


def tell(api: Api, sandbox_url: str, *, each_round: Callable[[], None]) -> Outcome:
    """Live the story. `each_round` is called while waiting, and may raise."""
    connect(api)
    begun = time.monotonic()
    schedule = create_schedule(api)
    runs = await_runs(api, schedule, each_round)
    rows = sum(compare(api, sandbox_url, run) for run in runs)
    return Outcome(
        instances=sorted(run["instance_id"] for run in runs),
        rows=rows,
        scheduled_for=sorted({run["scheduled_for"] for run in runs}),
        seconds=time.monotonic() - begun,
    )


def connect(api: Api) -> None:
    """Give our application access, as a person does in the browser."""
    begun = api.post("connections/connect/", {"region": "NA"})
    api.follow(amazon.consent(begun["url"]))
    [connection] = api.pages("connections/")
    api.post(f"connections/{connection['id']}/sync/", {})


def create_schedule(api: Api) -> int:
    """A workflow, and a schedule that runs it every minute on two instances."""
    instances = [_instance(api, instance_id) for instance_id in INSTANCES]
    workflow = api.post(
        "workflows/",
        {"name": "Impressions by campaign", "instance": instances[0], "sql": SQL},
    )
    schedule = api.post(
        "schedules/",
        {
            "name": "Every minute",
            "workflow": workflow["id"],
            "instances": instances,
            "cron_expression": "* * * * *",
            "timezone": "UTC",
            "window_rule": WINDOW,
        },
    )
    return int(schedule["id"])


def await_runs(
    api: Api, schedule: int, each_round: Callable[[], None]
) -> list[dict[str, Any]]:
    """The first run of each target that the clock opened, when all have succeeded."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        each_round()
        firsts = first_runs(api.pages("runs/", schedule=schedule))
        refuse_failures(firsts)
        if {run["instance_id"] for run in firsts if run["state"] == "SUCCEEDED"} >= set(
            INSTANCES
        ):
            return firsts
        if time.monotonic() > deadline:
            seen = {run["instance_id"]: run["state"] for run in firsts}
            raise SmokeFailed(f"No result after {WAIT_SECONDS:.0f} s; runs: {seen}")
        time.sleep(ASK_SECONDS)


def compare(api: Api, sandbox_url: str, run: dict[str, Any]) -> int:
    """Our result against Amazon's, row by row; returns the number of rows."""
    execution = run["executions"][-1]
    ours = _rows(api.download(f"runs/{run['id']}/csv/"))
    theirs = _rows(
        amazon.result(sandbox_url, run["instance_id"], execution["amc_execution_id"])
    )
    if ours != theirs:
        raise SmokeFailed(
            f"Run {run['id']}: our result has {len(ours)} rows, Amazon's "
            f"{len(theirs)}, and they differ."
        )
    if len(ours) != run["result"]["row_count"] + 1 or len(ours) < 2:
        raise SmokeFailed(f"Run {run['id']}: {len(ours) - 1} rows are not right.")
    return len(ours) - 1


def _instance(api: Api, instance_id: str) -> int:
    [instance] = api.pages("instances/", instance_id=instance_id)
    return int(instance["id"])


def first_runs(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per target the earliest slot; runs by hand do not count."""
    firsts: dict[str, dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: str(run["scheduled_for"])):
        if run["trigger"] == "schedule":
            firsts.setdefault(run["instance_id"], run)
    return list(firsts.values())


def refuse_failures(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        if run["state"] in FAILED_STATES:
            raise SmokeFailed(
                f"Run {run['id']} on {run['instance_id']} is {run['state']} "
                f"({run['reason']}): {run['message']}"
            )


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))
