"""`manage.py list_active_schedules`: what runs next, and how it does."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from instances.clock import database_now
from schedules.listing import Line, Wanted, lines, wanted_schedules
from schedules.management.exits import Exit
from schedules.management.listings import Listing
from schedules.management.shell_command import ShellCommand, positive, span

HEADINGS = (
    "ID",
    "NAME",
    "TARGETS",
    "CRON",
    "ZONE",
    "STATE",
    "NEXT RUN",
    "HEALTH",
    "LAST RUN",
)


class Command(ShellCommand):
    help = "List schedules, the next to run first. Only active ones, unless asked."
    examples = (
        "list_active_schedules",
        "list_active_schedules --due-within 24h",
        "list_active_schedules --overdue --fail-if-empty",
        "list_active_schedules --all -o json | jq '.items[].status'",
    )
    exit_codes = (
        "  0 listed, also when there are none; 1 some are overdue (--overdue), or\n"
        "  there are none (--fail-if-empty); 2 wrong usage; 6 no database"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--all", action="store_true", help="paused ones too")
        which.add_argument("--paused", action="store_true", help="paused ones only")
        which.add_argument(
            "--overdue",
            action="store_true",
            help="only those whose slot has waited for over a minute; exit code 1",
        )
        parser.add_argument(
            "--due-within", type=span, metavar="SPAN", help="such as 90s, 15m, 24h, 7d"
        )
        parser.add_argument("--limit", type=positive, metavar="N", help="the first N")
        parser.add_argument(
            "--fail-if-empty", action="store_true", help="exit code 1 without any"
        )
        super().add_arguments(parser)

    def answer(self, options: dict[str, Any]) -> None:
        now = database_now()
        found = wanted_schedules(_wanted(options), now=now)
        shown = lines(found, limit=options["limit"], now=now)
        self.show(_listing(shown), options["output"], now=now)
        self._say_how_many(len(shown), found.count() if options["limit"] else None)
        is_bad = options["overdue"] if shown else options["fail_if_empty"]
        self.end(Exit.PROBLEMS if is_bad else Exit.DONE)

    def _say_how_many(self, shown: int, found: int | None) -> None:
        if not shown:
            self.note("No schedules match.")
        elif found is not None and shown < found:
            self.note(f"The first {shown} of {found} schedules.")
        else:
            self.note(f"{shown} schedule{'s' if shown > 1 else ''}.")


def _wanted(options: dict[str, Any]) -> Wanted:
    return Wanted(
        is_active=None if options["all"] else not options["paused"],
        due_within=options["due_within"],
        is_overdue=options["overdue"],
    )


def _listing(shown: Sequence[Line]) -> Listing:
    return Listing(
        schema="amc.schedules.list/1",
        items=[_item(line) for line in shown],
        headings=HEADINGS,
        rows=[_row(line) for line in shown],
    )


def _item(line: Line) -> dict[str, Any]:
    schedule = line.schedule
    local = line.next_run_local
    return {
        "id": schedule.pk,
        "name": schedule.name,
        "workflow": schedule.workflow_id,
        "workflow_name": schedule.workflow.name,
        "account": schedule.account_id,
        "owner": schedule.owner.username,
        "cron_expression": schedule.cron_expression,
        "timezone": schedule.timezone,
        "status": line.status,
        "is_active": schedule.is_active,
        "next_run_at": schedule.next_run_at,
        "next_run_local": local.isoformat() if local else None,
        "paused_at": schedule.paused_at,
        "pause_cause": schedule.pause_cause,
        "pause_reason": schedule.pause_reason,
        "target_count": line.targets,
        "active_target_count": line.active_targets,
        "health": line.health,
        "last_run_at": line.last_run_at,
        "last_run_state": line.last_run_state,
    }


def _row(line: Line) -> tuple[str, ...]:
    schedule = line.schedule
    return (
        str(schedule.pk),
        schedule.name,
        f"{line.active_targets}/{line.targets}",
        schedule.cron_expression,
        schedule.timezone,
        line.status,
        _on_the_wall(line.next_run_local),
        line.health.capitalize(),
        line.last_run_state,
    )


def _on_the_wall(moment: datetime | None) -> str:
    return f"{moment:%d %b %Y %H:%M %Z}" if moment else ""
