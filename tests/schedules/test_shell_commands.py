"""What all commands for people and scripts have in common."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.management import load_command_class
from django.db import connection

from config.environment import BASE_DIR
from instances.amc.errors import Forbidden, NeverConnected, Refused
from instances.errors import ApplicationHeld, CredentialRefused, NotPermitted
from schedules.errors import NoActiveTarget, NotPaused, Paused, RecentRun
from schedules.management.exits import exit_of
from schedules.management.listings import Listing, as_text
from schedules.management.shell_command import positive, span
from tests.makers import NOON
from tests.schedules.commands import run
from workflows.errors import InvalidParameter, InvalidWindow

COMMANDS = [
    "list_active_schedules",
    "validate_schedules",
    "trigger_schedule",
    "schedule_health",
]
LISTING = Listing(
    schema="amc.tests/1",
    items=[{"name": "=A1", "at": NOON, "none": None, "values": {"a": 1}}],
    headings=("NAME", "AT"),
    rows=[("[red]a long name", "now\x1b[2J"), ("b", "")],
)


@pytest.fixture
def _no_database(db: None) -> Iterator[None]:
    """Whoever asks for the time meets a database that lacks everything."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '50ms'")
        cursor.execute(
            "CREATE OR REPLACE FUNCTION amc_now() RETURNS timestamptz"
            " LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(1); SELECT now()'"
        )
    yield
    connection.needs_rollback = True


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_exit_codes_and_fits_eighty_columns(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")

    text = load_command_class("schedules", name).create_parser("x", name).format_help()

    assert max(map(len, text.splitlines())) <= 80
    assert f"manage.py {name}" in text
    assert "exit codes:\n  0 " in text


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("_no_database")
def test_without_a_database_the_exit_code_is_6(name: str):
    ended = run(name, *(["1"] if name == "trigger_schedule" else []))

    assert ended.code == 6
    assert "The database is not available" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert ended.out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_argument_is_wrong_usage(name: str):
    assert run(name, "--colour").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotPermitted(), 4),
        (CredentialRefused(), 4),
        (Forbidden("no"), 4),
        (Refused("no"), 1),
        (NeverConnected("no"), 6),
        (ApplicationHeld(), 6),
        (RecentRun(1, 5), 5),
        (Paused(), 5),
        (NoActiveTarget(), 5),
        (InvalidParameter(), 2),
        (InvalidWindow(), 2),
        (NotPaused(), 1),
    ],
)
def test_each_error_has_its_exit_code(error, code):
    assert exit_of(error) == code


def test_a_table_is_plain_and_never_cut_unless_the_terminal_is_narrow():
    wide = as_text(LISTING, "table", now=NOON)
    narrow = as_text(LISTING, "table", now=NOON, width=16)

    assert wide == "NAME              AT\n[red]a long name  now·[2J\nb"
    assert max(map(len, narrow.splitlines())) <= 16
    assert "…" in narrow


def test_columns_stand_below_each_other_whatever_is_in_them():
    wide = Listing(
        schema="x/1",
        items=[],
        headings=("NAME", "ZONE"),
        rows=[("日本", "Asia/Tokyo"), ("São Paulo", "UTC")],
    )

    on_paper = as_text(wide, "table", now=NOON)
    on_a_screen = as_text(wide, "table", now=NOON, width=80)

    assert (
        on_paper
        == on_a_screen
        == ("NAME       ZONE\n日本       Asia/Tokyo\nSão Paulo  UTC")
    )


def test_json_says_what_it_is():
    text = as_text(LISTING, "json", now=NOON)

    assert '"schema": "amc.tests/1"' in text
    assert '"generated_at": "2026-11-23T12:00:00Z"' in text
    assert '"count": 1' in text
    assert '"at": "2026-11-23T12:00:00Z"' in text


def test_csv_has_a_header_and_no_formulas():
    text = as_text(LISTING, "csv", now=NOON)

    assert text == 'name,at,none,values\n\'=A1,2026-11-23T12:00:00Z,,"{""a"": 1}"\n'


def test_nothing_makes_an_empty_table():
    empty = Listing(schema="x/1", items=[], headings=("A",), rows=[])

    assert as_text(empty, "table", now=NOON) == as_text(empty, "csv", now=NOON) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("0s", timedelta(0)),
    ],
)
def test_spans_are_a_number_and_a_unit(text, expected):
    assert span(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1w", "²d", "99999999d", "1.5h"])
def test_other_spans_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="24h"):
        span(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1000001", "²"])
def test_other_numbers_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="from 1 to 1000000"):
        positive(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS[:3])
def test_the_specification_s_scripts_are_the_commands(name: str):
    ended = subprocess.run(
        [sys.executable, BASE_DIR / "scripts" / f"{name}.py", "--help"],
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | {"COLUMNS": "80"},
        check=True,
    )

    assert ended.stdout.startswith(f"usage: manage.py {name} ")


def test_a_moment_of_another_zone_is_shown_in_utc():
    listing = Listing(
        schema="x/1",
        items=[{"at": datetime.fromisoformat("2026-11-23T13:00:00+01:00")}],
        headings=("AT",),
        rows=[("",)],
    )

    assert '"2026-11-23T12:00:00Z"' in as_text(listing, "json", now=NOON)
