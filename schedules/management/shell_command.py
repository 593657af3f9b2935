"""The manners of the commands for people and scripts: output, help, exit codes."""

from __future__ import annotations

import shutil
import sys
from abc import abstractmethod
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from schedules.management.exits import Exit, errors_as_exits
from schedules.management.listings import FORMS, Listing, as_text

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST_SPAN_DAYS = 3_660


class _WithExamples(DjangoHelpFormatter):
    """Text that has lines of its own keeps them; the rest is wrapped."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class ShellCommand(BaseCommand):
    """Data go to stdout, everything else to stderr; errors are one line and a code."""

    # As they are typed after `manage.py`; and what the exit codes mean here.
    examples: ClassVar[tuple[str, ...]] = ()
    exit_codes: ClassVar[str] = ""
    forms: ClassVar[tuple[str, ...]] = FORMS
    requires_system_checks = ()

    @abstractmethod
    def answer(self, options: dict[str, Any]) -> None:
        """Do what was asked."""

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        lines = [f"  manage.py {example}" for example in self.examples]
        epilog = "\n".join(["examples:", *lines, "", "exit codes:", self.exit_codes])
        return super().create_parser(
            prog_name,
            subcommand,
            formatter_class=_WithExamples,
            epilog=epilog,
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o",
            "--output",
            choices=self.forms,
            default="table",
            help="form of the output, default table",
        )
        parser.add_argument(
            "--json", action="store_const", const="json", dest="output", help="-o json"
        )

    def handle(self, **options: Any) -> None:
        with errors_as_exits():
            self.answer(options)

    def show(self, listing: Listing, form: str, *, now: datetime) -> None:
        width = shutil.get_terminal_size().columns if self.stdout.isatty() else None
        if text := as_text(listing, form, now=now, width=width):
            self.stdout.write(text)

    def note(self, text: str) -> None:
        """Say something that is no data."""
        self.stderr.write(text, style_func=str)

    def end(self, code: Exit) -> None:
        """Leave with a code; nothing is to be added to what was printed."""
        if code:
            sys.exit(code)


def span(text: str) -> timedelta:
    """A span such as 90s, 15m, 24h or 7d, as an argument."""
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and len(number) < 9 and unit in _UNITS:
        found = timedelta(**{_UNITS[unit]: int(number)})
        if found <= timedelta(days=LONGEST_SPAN_DAYS):
            return found
    raise ArgumentTypeError(f"“{text}” is no span; write 90s, 15m, 24h or 7d")


def positive(text: str) -> int:
    """A number from 1 to a million, as an argument."""
    if text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= 10**6:
        return int(text)
    raise ArgumentTypeError(f"“{text}” is no number from 1 to 1000000")


def usage(message: str) -> CommandError:
    """What to raise for arguments that do not fit."""
    return CommandError(message, returncode=Exit.USAGE)


def not_found(message: str) -> CommandError:
    """What to raise for something that is not there."""
    return CommandError(message, returncode=Exit.NOT_FOUND)
