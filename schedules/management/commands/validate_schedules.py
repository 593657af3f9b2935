"""`manage.py validate_schedules`: what will not work as it is configured."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from instances.amc.errors import AmcError
from instances.clock import database_now
from instances.errors import ApplicationHeld, LwaUnavailable
from schedules.management.exits import Exit
from schedules.management.listings import Listing
from schedules.management.selection import named_schedule
from schedules.management.shell_command import ShellCommand
from schedules.models import Schedule, Target
from schedules.validation import Checked, check_schedules, worth_checking
from schedules.validation.findings import SEVERITIES, Finding, counted
from schedules.validation.mending import mend_next_runs
from schedules.validation.online import ask_amazon

HEADINGS = ("SEVERITY", "ID", "SCHEDULE", "TARGET", "CODE", "WHAT", "DO")
NOT_ANSWERING = (AmcError, LwaUnavailable, ApplicationHeld)


class Command(ShellCommand):
    help = (
        "Check cron, zone, next run, workflow, parameters, account, rights and "
        "connection of schedules. Changes nothing, unless told to with --fix."
    )
    examples = (
        "validate_schedules",
        "validate_schedules 42 57 --online",
        "validate_schedules --include-paused --fail-on warning",
        "validate_schedules --fix next_run",
    )
    exit_codes = (
        "  0 nothing found at or above --fail-on; 1 something found; 2 wrong usage;\n"
        "  3 no such schedule; 6 no database, or Amazon does not answer (--online)"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "schedules", nargs="*", help="ids or exact names; default: all active ones"
        )
        parser.add_argument(
            "--include-paused", action="store_true", help="paused schedules too"
        )
        parser.add_argument(
            "--online",
            action="store_true",
            help="have Amazon check the SQL of each active target; it runs nothing",
        )
        parser.add_argument(
            "--fail-on",
            choices=SEVERITIES,
            default="error",
            help="what makes the exit code 1, default error",
        )
        parser.add_argument(
            "--fix",
            choices=["next_run"],
            help="let schedules with a wrong next run go on by their rule",
        )
        super().add_arguments(parser)

    def answer(self, options: dict[str, Any]) -> None:
        now = database_now()
        chosen = _chosen(options)
        checked = check_schedules(chosen, now=now)
        findings = self._mended(checked.findings, options["fix"], now=now)
        is_answering = True
        if options["online"]:
            said, is_answering = self._asked(chosen, findings)
            findings = [*said, *findings]
        self.show(_listing(checked, findings), options["output"], now=now)
        self._sum_up(checked, findings)
        self.end(_exit(findings, options["fail_on"], is_answering))

    def _mended(
        self, findings: Sequence[Finding], fix: str | None, *, now: datetime
    ) -> list[Finding]:
        """What is left after mending."""
        if fix is None:
            return list(findings)
        wrong = {f.schedule_id for f in findings if f.code == "next_run_wrong"}
        mended = set(mend_next_runs(wrong, now=now))
        if mended:
            ids = ", ".join(map(str, sorted(mended)))
            self.note(f"Mended the next run of schedule {ids}.")
        return [
            found
            for found in findings
            if found.code != "next_run_wrong" or found.schedule_id not in mended
        ]

    def _asked(
        self, schedules: QuerySet[Schedule], findings: Sequence[Finding]
    ) -> tuple[list[Finding], bool]:
        """What Amazon objects to, and whether it answered to the end."""
        said: list[Finding] = []
        for number, target in enumerate(_worth_asking(schedules, findings), start=1):
            try:
                found = ask_amazon(target, now=database_now())
            except NOT_ANSWERING as error:
                self.note(f"Amazon cannot be asked: {error.message}")
                return said, False
            if found:
                said.append(found)
            if number % 25 == 0:
                self.note(f"Amazon has checked {number} targets.")
        return said, True

    def _sum_up(self, checked: Checked, findings: Sequence[Finding]) -> None:
        counts = counted(findings)
        self.note(
            f"{_number(checked.schedules, 'schedule')}, "
            f"{_number(checked.targets, 'target')}: "
            f"{_number(counts['error'], 'error')}, "
            f"{_number(counts['warning'], 'warning')}."
        )


def _chosen(options: dict[str, Any]) -> QuerySet[Schedule]:
    if options["schedules"]:
        ids = [named_schedule(text).pk for text in options["schedules"]]
        return Schedule.objects.filter(pk__in=ids)
    return worth_checking(paused=options["include_paused"])


def _worth_asking(
    schedules: QuerySet[Schedule], findings: Iterable[Finding]
) -> list[Target]:
    """Active targets of schedules in which no error was found."""
    wrong = {found.schedule_id for found in findings if found.severity == "error"}
    rows = Target.objects.filter(
        schedule__in=schedules.exclude(pk__in=wrong), deleted_at=None, paused_at=None
    )
    return list(
        rows.select_related(
            "schedule__workflow__version", "schedule__owner", "instance__account"
        ).order_by("pk")
    )


def _listing(checked: Checked, findings: Sequence[Finding]) -> Listing:
    return Listing(
        schema="amc.schedules.validation/1",
        items=[_item(found) for found in findings],
        headings=HEADINGS,
        rows=[
            (
                found.severity,
                str(found.schedule_id),
                found.schedule_name,
                found.instance_id,
                found.code,
                found.message,
                found.remedy,
            )
            for found in findings
        ],
        facts={
            "checked_schedules": checked.schedules,
            "checked_targets": checked.targets,
        },
    )


def _item(found: Finding) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.code,
        "schedule": found.schedule_id,
        "schedule_name": found.schedule_name,
        "instance_id": found.instance_id,
        "detail": found.message,
        "remedy": found.remedy,
    }


def _exit(findings: Sequence[Finding], fail_on: str, is_answering: bool) -> Exit:
    counts = counted(findings)
    if counts["error"] or (fail_on == "warning" and counts["warning"]):
        return Exit.PROBLEMS
    return Exit.DONE if is_answering else Exit.UNAVAILABLE


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
