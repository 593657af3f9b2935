"""`python -m tests.faults.seeding`: people, instances, schedules, as asked on stdin.

A program of its own, in the surroundings of the stack: the test process itself never
speaks to the product but over HTTP and SQL.
"""

from __future__ import annotations

import json
import os
import sys
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from instances.sandbox.world import Account as SandboxAccount
from schedules.recurrence import fire_times

TABLES_KEPT = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "lwa_application",
    "heartbeats",  # it says which zone data are known
    "django_celery_beat_%",
)
FEW = 100
MINUTE = timedelta(minutes=1)
EVERY_MINUTE = {"cron_expression": "* * * * *"}
SQL = "SELECT advertiser, COUNT(*) AS seen FROM dsp_impressions GROUP BY 1"


def main() -> None:
    """Empty the database and fill it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    _seed(json.load(sys.stdin))


def _seed(asked: dict[str, Any]) -> None:
    from django.db import transaction

    from tests import makers

    with transaction.atomic():
        _empty()
        makers.make_user("boss", is_staff=True, is_superuser=True)
        for number in range(1, asked.get("accounts", 1) + 1):
            _account(number, asked)


def _account(number: int, asked: dict[str, Any]) -> None:
    """One of the sandbox's accounts, its owner, its workflow, and the schedules."""
    from instances import vault
    from instances.models import Role
    from tests import makers

    at_amazon = SandboxAccount(number=number)
    account = makers.make_account(account_id=at_amazon.account_id)
    owner = makers.make_user(f"owner{number}")
    makers.make_member(owner, account, Role.ADMIN)
    connection = makers.make_connection(owner, account)
    connection.refresh_token = vault.seal(connection.pk, at_amazon.refresh_token)
    connection.save()
    instances = [
        makers.make_instance(account, instance_id=at_amazon.instance_id(n))
        for n in range(1, asked.get("instances", 3) + 1)
    ]
    workflow = makers.make_workflow(instances[0], owner, asked.get("sql", SQL))
    for n in range(asked.get("editors", 0)):
        makers.make_member(makers.make_user(f"editor{number}{n}"), account, Role.EDITOR)
    for wish in asked["schedules"]:
        if wish.get("account", number) == number:
            own = {name: value for name, value in wish.items() if name != "account"}
            _schedules(own, workflow, instances)


def _schedules(wish: dict[str, Any], workflow: Any, instances: list[Any]) -> None:
    """`copies` of a schedule, each with so many `targets`, dealt out in turn."""
    from tests import makers

    copies, width = wish.pop("copies", 1), wish.pop("targets", 1)
    first = datetime.fromisoformat(wish.pop("next_run_at"))
    long_ago = first - timedelta(days=30)
    times = {"next_run_at": first, "created_at": long_ago, "updated_at": long_ago}
    if wish.pop("aligned", False):  # as the product would have made it
        cron, zone = wish["cron_expression"], wish["timezone"]
        times["next_run_at"] = fire_times(cron, zone, first - MINUTE, 1)[0]
    chosen = [
        [instances[(number + n) % len(instances)] for n in range(width)]
        for number in range(copies)
    ]
    values = EVERY_MINUTE | wish | times
    if copies <= FEW:
        for own in chosen:
            makers.make_schedule(workflow, *own, **values)
        return
    pattern = makers.make_schedule(workflow, *chosen[0], **values)
    _copy(pattern, chosen[1:])


def _copy(pattern: Any, chosen: list[list[Any]]) -> None:
    """Thousands of schedules like the first one, without a history of their own."""
    from schedules.models import Schedule, Target

    copies = []
    for _ in chosen:
        schedule = copy(pattern)
        schedule.pk, schedule._state = None, copy(pattern._state)
        schedule._state.adding = True
        copies.append(schedule)
    Schedule.objects.bulk_create(copies)
    Target.objects.bulk_create(
        Target(
            schedule=schedule,
            instance=instance,
            counting_from=schedule.created_at,
            created_at=schedule.created_at,
        )
        for schedule, own in zip(copies, chosen, strict=True)
        for instance in own
    )


def _empty() -> None:
    """Everything but what migrations and Beat have written."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND NOT tablename LIKE ANY (%s)",
            [list(TABLES_KEPT)],
        )
        names = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
        cursor.execute("SET LOCAL lock_timeout = '20s'")
        cursor.execute(f"TRUNCATE {names} CASCADE")
        cursor.execute(
            "INSERT INTO lwa_application (id, hold_reason) VALUES (1, '')"
            " ON CONFLICT (id) DO UPDATE SET held_at = NULL, hold_reason = ''"
        )


if __name__ == "__main__":
    main()
