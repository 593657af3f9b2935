"""Requests about schedules, as the web app makes them."""

from __future__ import annotations

from typing import Any

from instances.models import User
from schedules.models import Schedule
from tests.browsers import API, browser
from workflows.models import Workflow


def body(of: Workflow, **changes: Any) -> dict[str, Any]:
    wish: dict[str, Any] = {
        "name": "Weekly reach",
        "workflow": of.pk,
        "cron_expression": "0 9 * * MON",
        "window_rule": {"kind": "last_days", "days": 7},
    }
    return {name: value for name, value in (wish | changes).items() if value != ...}


def create(user: User, of: Workflow, **changes: Any) -> Any:
    return browser(user).post(f"{API}schedules/", body(of, **changes))


def path_of(schedule: Schedule, action: str = "") -> str:
    return f"{API}schedules/{schedule.pk}/{action}"
