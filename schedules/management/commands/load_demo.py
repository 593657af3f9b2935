"""`manage.py load_demo`: a year of history to look at; once."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from instances.clock import database_now
from schedules.demo.loading import is_loaded, load_demo
from schedules.demo.stories import FEWEST
from schedules.demo.world import DEMO, DEMO_PASSWORD, VIEWER, VIEWER_PASSWORD
from schedules.management.shell_command import ShellCommand, usage

MOST_SCHEDULES = 500
FEWEST_WEEKS, MOST_WEEKS = 8, 104


class Command(ShellCommand):
    help = (
        "Load people, instances, workflows and schedules with a long history, all of "
        "the AMC sandbox's world. Where they are already, nothing changes."
    )
    examples = ("load_demo", "load_demo --schedules 100 --weeks 20 --seed 3")
    exit_codes = (
        "  0 loaded, or there already; 2 wrong usage, or APP_ENV=production;\n"
        "  6 no database"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--schedules",
            type=_schedules,
            default=30,
            metavar="N",
            help=f"how many, {FEWEST} to {MOST_SCHEDULES}, default 30",
        )
        parser.add_argument(
            "--weeks",
            type=_weeks,
            default=52,
            metavar="N",
            help=f"of history, {FEWEST_WEEKS} to {MOST_WEEKS}, default 52",
        )
        parser.add_argument(
            "--seed", type=int, default=7, help="another one: another year"
        )

    def answer(self, options: dict[str, Any]) -> None:
        if os.environ.get("APP_ENV") == "production":
            raise usage("There is no demo in production (APP_ENV=production).")
        if is_loaded():
            self.note("The demo data are there already; nothing was changed.")
        else:
            self._load(options)
        self.stdout.write(f"Log in as {DEMO} / {DEMO_PASSWORD} (administrator)")
        self.stdout.write(f"       or {VIEWER} / {VIEWER_PASSWORD} (may only look)")

    def _load(self, options: dict[str, Any]) -> None:
        began = time.monotonic()
        loaded = load_demo(
            schedules=options["schedules"],
            weeks=options["weeks"],
            seed=options["seed"],
            now=database_now(),
        )
        self.note(
            f"Loaded {loaded.schedules} schedules with {loaded.targets} targets and "
            f"{loaded.runs:,} runs in {time.monotonic() - began:.1f} s."
        )


def _schedules(text: str) -> int:
    return _number(text, FEWEST, MOST_SCHEDULES)


def _weeks(text: str) -> int:
    return _number(text, FEWEST_WEEKS, MOST_WEEKS)


def _number(text: str, least: int, most: int) -> int:
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
        return int(text)
    raise ArgumentTypeError(f"“{text}” is no number from {least} to {most}")
