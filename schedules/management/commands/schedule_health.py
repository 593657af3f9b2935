"""`manage.py schedule_health`: what is failing, stalled or slower; open alarms."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from instances.clock import database_now
from instances.models import Heartbeat
from schedules.health import Health, Thresholds, check_schedule_health
from schedules.management.exits import Exit
from schedules.management.listings import Listing
from schedules.management.shell_command import ShellCommand, span

HEADINGS = ("KIND", "SUBJECT", "WHAT")


class Command(ShellCommand):
    help = "Say which schedules fail, stall or have slowed down, and all open alarms."
    examples = (
        "schedule_health",
        "schedule_health --stalled-after 30m --failures-within 1d -o json",
    )
    exit_codes = (
        "  0 nothing critical; 1 something fails or is stalled, or an alarm is open;\n"
        "  2 wrong usage; 6 no database"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        defaults = Thresholds()
        parser.add_argument(
            "--stalled-after",
            type=span,
            default=defaults.stalled_after,
            metavar="SPAN",
            help="due for so long without a run, default 10m",
        )
        parser.add_argument(
            "--failures-within",
            type=span,
            default=defaults.failures_within,
            metavar="SPAN",
            help="runs that are looked at for failures, default 7d",
        )
        super().add_arguments(parser)

    def answer(self, options: dict[str, Any]) -> None:
        now = database_now()
        health = check_schedule_health(
            now,
            thresholds=Thresholds(
                stalled_after=options["stalled_after"],
                failures_within=options["failures_within"],
            ),
        )
        self.show(_listing(health), options["output"], now=now)
        self.note(_last_tick(now))
        self.note("Healthy." if health.is_healthy else "Something needs a person.")
        self.end(Exit.DONE if health.is_healthy else Exit.PROBLEMS)


def _listing(health: Health) -> Listing:
    items = list(_items(health))
    return Listing(
        schema="amc.schedules.health/1",
        items=items,
        headings=HEADINGS,
        rows=[(item["kind"], item["subject"], item["detail"]) for item in items],
        facts={"is_healthy": health.is_healthy, "checked_at": health.checked_at},
    )


def _items(health: Health) -> Iterator[dict[str, Any]]:
    """The critical ones first."""
    waiting = Counter(affected.alarm_id for affected in health.affected)
    for alarm in health.alarms:
        parts = [f"{alarm.code} since {alarm.since:%Y-%m-%d %H:%M}Z"]
        if alarm.facts.get("reason"):
            parts.append(str(alarm.facts["reason"]))
        if waiting[alarm.pk]:
            count = waiting[alarm.pk]
            parts.append(f"{count} schedule{'s wait' if count > 1 else ' waits'}")
        yield _item("alarm", alarm.subject, "; ".join(parts))
    for affected in health.affected:
        said = "waits until its connection is made again"
        yield _item("blocked", affected.name, said, affected.schedule_id)
    for stalled in health.stalled:
        said = f"due since {stalled.next_run_at:%Y-%m-%d %H:%M}Z"
        yield _item("stalled", stalled.name, said, stalled.schedule_id)
    for failing in health.failing:
        said = f"{failing.failed} of {failing.finished} runs failed"
        yield _item("failing", failing.name, said, failing.schedule_id)
    for slower in health.slower:
        said = (
            f"takes {slower.recent_seconds:.0f} s, "
            f"earlier {slower.earlier_seconds:.0f} s"
        )
        yield _item("slower", slower.name, said, slower.schedule_id)


def _item(
    kind: str, subject: str, detail: str, schedule: int | None = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "is_critical": kind != "slower",
        "subject": subject,
        "schedule": schedule,
        "detail": detail,
    }


def _last_tick(now: datetime) -> str:
    heartbeat = Heartbeat.objects.filter(name="tick").first()
    if heartbeat is None:
        return "There has been no tick yet."
    return f"The last tick was {(now - heartbeat.at).total_seconds():.0f} s ago."
