"""`manage.py trigger_schedule ID`: run a schedule now, by hand."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects

from instances.changelog import changing
from instances.clock import database_now
from instances.models import Change, User
from instances.publishing import hurry
from schedules import triggering
from schedules.management import request_arguments
from schedules.management.exits import Exit
from schedules.management.run_listings import rehearsal_listing, run_listing
from schedules.management.selection import acting_user, named_schedule, named_targets
from schedules.management.shell_command import ShellCommand, span
from schedules.management.watching import watch
from schedules.models import Run, Schedule
from schedules.slot_runs import runs_for_slot
from schedules.task_names import EXECUTE_RUN
from schedules.triggering import Outcome
from workflows.lifecycle import newest_version

LOOK_EVERY = timedelta(seconds=5)


class Command(ShellCommand):
    help = "Run a schedule now, on all its targets or some. Its calendar stays."
    examples = (
        "trigger_schedule 42",
        "trigger_schedule 42 --target amcsandbox07 --wait",
        "trigger_schedule 42 --slot 2026-11-23T09:00 --dry-run",
        "trigger_schedule 42 --window 2026-11-14..2026-11-20 --param cap=3",
    )
    exit_codes = (
        "  0 started, or --slot has its run already; 1 some targets were refused;\n"
        "  2 wrong usage; 3 no such schedule, target or user; 4 not permitted;\n"
        "  5 refused: a run a moment ago, or paused (see --force); 6 no database;\n"
        "  7 a run did not succeed (--wait); 8 --timeout reached; 130 interrupted"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schedule", help="its id or exact name")
        parser.add_argument(
            "--target",
            action="append",
            default=[],
            metavar="INSTANCE",
            help="AMC instance id; may be repeated; default: all that are not paused",
        )
        parser.add_argument(
            "--slot",
            metavar="MOMENT",
            help="run for the dates of this slot, once: 2026-11-23T09:00",
        )
        parser.add_argument(
            "--window",
            type=str,
            metavar="FIRST..LAST",
            help="dates of data, both days included",
        )
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a value for these runs alone; may be repeated",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print window and SQL, start nothing"
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="although it is paused or ran a moment ago",
        )
        parser.add_argument(
            "--wait", action="store_true", help="until the runs have ended"
        )
        parser.add_argument(
            "--timeout",
            type=span,
            default=span("30m"),
            metavar="SPAN",
            help="of --wait, default 30m",
        )
        parser.add_argument(
            "--as",
            dest="user",
            metavar="USER",
            help="who acts; default AMC_CLI_USER, else the schedule's owner",
        )
        super().add_arguments(parser)

    def answer(self, options: dict[str, Any]) -> None:
        now = database_now()
        schedule = named_schedule(options["schedule"])
        user, why = acting_user(options["user"], schedule)
        self.note(f"Acting as {user.username}, {why}.")
        wish = _wish(schedule, options, now=now)
        if options["dry_run"]:
            self._rehearse(schedule, wish, user, options["output"], now=now)
            return
        there = _there_already(schedule, wish)
        outcome = _start(schedule, wish, there, user=user, now=now)
        runs = [*there.values(), *outcome.runs]
        self._tell(there, outcome)
        code = self._watch(runs, options) if options["wait"] else Exit.DONE
        self._show(runs, outcome, options["output"])
        self.end(code or (Exit.PROBLEMS if outcome.refused else Exit.DONE))

    def _rehearse(
        self,
        schedule: Schedule,
        wish: dict[str, Any],
        user: User,
        form: str,
        *,
        now: datetime,
    ) -> None:
        """What would be done is done, and taken back: the same rules decide."""
        with transaction.atomic():
            outcome = triggering.trigger_schedule(
                schedule.pk, user=user, now=now, **wish
            )
            transaction.set_rollback(True)
        prefetch_related_objects(list(outcome.runs), "instance")
        self._tell({}, outcome, verb="Would start")
        self.show(rehearsal_listing(outcome), form, now=now)

    def _tell(
        self, there: dict[int, Run], outcome: Outcome, *, verb: str = "Started"
    ) -> None:
        for run in there.values():
            self.note(f"Run {run.pk} serves this slot already: {run.state}.")
        if outcome.runs:
            count = len(outcome.runs)
            self.note(f"{verb} {count} run{'s' if count > 1 else ''}.")
        for refusal in outcome.refused:
            instance_id = refusal.target.instance.instance_id
            self.note(f"Refused for {instance_id}: {refusal.error.message}")

    def _watch(self, runs: list[Run], options: dict[str, Any]) -> Exit:
        return watch(
            [run.pk for run in runs],
            timeout=options["timeout"],
            interval=min(LOOK_EVERY, options["timeout"] / 10),
            say=self.note,
        )

    def _show(self, runs: list[Run], outcome: Outcome, form: str) -> None:
        """As they stand now: another process may have gone on with them."""
        rows = Run.objects.filter(pk__in=[run.pk for run in runs])
        current = list(rows.select_related("instance", "schedule").order_by("pk"))
        self.show(run_listing(current, outcome), form, now=database_now())


def _wish(
    schedule: Schedule, options: dict[str, Any], *, now: datetime
) -> dict[str, Any]:
    """What the arguments ask for, as `triggering.trigger_schedule` takes it."""
    targets = named_targets(schedule, options["target"])
    wish: dict[str, Any] = {
        "target_ids": [target.pk for target in targets] or None,
        "force": options["force"],
    }
    if options["slot"]:
        wish["slot"] = request_arguments.slot(
            options["slot"], schedule.timezone, now=now
        )
    if options["window"]:
        wish["window"] = request_arguments.window(options["window"])
    if options["param"]:
        declared = newest_version(schedule.workflow).parameters
        wish["values"] = request_arguments.values(options["param"], declared)
    return wish


def _there_already(schedule: Schedule, wish: dict[str, Any]) -> dict[int, Run]:
    """Runs of the slot that was asked for, by target, unless more are forced."""
    if "slot" not in wish or wish["force"]:
        return {}
    return runs_for_slot(schedule.pk, wish["slot"], target_ids=wish["target_ids"])


def _start(
    schedule: Schedule,
    wish: dict[str, Any],
    there: dict[int, Run],
    *,
    user: User,
    now: datetime,
) -> Outcome:
    """Start what is not there already."""
    if there:
        wanted = wish["target_ids"] or schedule.targets.filter(
            deleted_at=None, paused_at=None
        ).values_list("pk", flat=True)
        wish = wish | {"target_ids": [pk for pk in wanted if pk not in there]}
        if not wish["target_ids"]:
            return Outcome(runs=(), refused=())
    with changing(user, Change.Origin.COMMAND, now=now):
        outcome = triggering.trigger_schedule(schedule.pk, user=user, now=now, **wish)
    for run in outcome.runs:
        hurry(EXECUTE_RUN, run.pk)
    return outcome
