"""The grammar: what is refused and why, and what the rest means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import InvalidRecurrence
from schedules.recurrence import validate
from schedules.recurrence.cron import parse
from tests.schedules.recurrence.expressions import (
    Expression,
    expressions,
    fitting_expressions,
)

CASES = json.loads((Path(__file__).parent / "data" / "invalid.json").read_text())

CODES_OF_CLASS = {
    "extension": {"cron_unsupported", "cron_field_count"},
    "field-count": {"cron_field_count", "cron_range"},
    "names": {"cron_range"},
    "never": {"cron_never_fires"},
    "range": {"cron_range"},
    "size": {"cron_too_long"},
    "step": {"cron_step"},
    "step-too-large": {"cron_step"},
    "syntax": {
        "cron_charset",
        "cron_field_count",
        "cron_range",
        "cron_unsupported",
    },
    "unicode": {"cron_charset"},
    "wraparound": {"cron_range_order"},
}


def refusal(cron: Any, timezone: Any = "UTC") -> InvalidRecurrence:
    with pytest.raises(InvalidRecurrence) as caught:
        validate(cron, timezone)
    return caught.value


@pytest.mark.parametrize("case", CASES["invalid"], ids=lambda case: case["reason"])
def test_what_is_no_five_field_expression_is_refused(case: dict[str, Any]) -> None:
    error = refusal(case["cron"])

    assert error.code in CODES_OF_CLASS[case["class"]]
    assert error.field == "cron"
    assert str(error) == error.message
    assert len(error.message) < 300


@pytest.mark.parametrize(
    "case", CASES["valid_unusual"], ids=lambda case: case["meaning"]
)
def test_what_is_unusual_means_exactly_this(case: dict[str, Any]) -> None:
    rule = parse(case["cron"])

    expanded = {
        "minute": list(rule.minutes),
        "hour": list(rule.hours),
        "dom": list(rule.days),
        "month": list(rule.months),
        "dow": list(rule.weekdays),
    }
    assert expanded == case["expanded"]
    assert rule.interval == case["interval"]
    assert rule.day_or_weekday == (case["days"] == "or")


@pytest.mark.parametrize(
    ("cron", "code", "part", "words"),
    [
        ("* * * *", "cron_field_count", None, "You gave 4"),
        ("* * * * * *", "cron_field_count", None, "Seconds and years are not"),
        ("0 0 12 * * ? 2027", "cron_field_count", None, "You gave 7"),
        ("", "cron_field_count", None, "You gave 0"),
        ("60 * * * *", "cron_range", "minute", "Minute must be 0–59; you gave 60."),
        ("0 24 * * *", "cron_range", "hour", "Hour must be 0–23; you gave 24."),
        ("0 0 0 * *", "cron_range", "day of month", "Day of month must be 1–31"),
        ("0 0 1 13 *", "cron_range", "month", "must be 1–12 or JAN–DEC; you gave 13"),
        ("0 0 * * 8", "cron_range", "weekday", "0–7 or SUN–SAT; you gave 8"),
        ("0-99999999 * * * *", "cron_range", "minute", "you gave 99999999"),
        ("*/0 * * * *", "cron_step", "minute", "from 1 to 59; you gave “0”"),
        ("*/60 * * * *", "cron_step", "minute", "from 1 to 59; you gave “60”"),
        ("0 */24 * * *", "cron_step", "hour", "from 1 to 23"),
        ("0 0 * */13 *", "cron_step", "month", "from 1 to 12"),
        ("/5 * * * *", "cron_step", "minute", "as in */5"),
        ("5-1 * * * *", "cron_range_order", "minute", "Write 5-59,0-1."),
        ("0 22-4 * * *", "cron_range_order", "hour", "Write 22-23,0-4."),
        ("0 0 * NOV-FEB *", "cron_range_order", "month", "Write NOV-DEC,JAN-FEB."),
        ("0 0 * * FRI-MON", "cron_range_order", "weekday", "Write FRI-SAT,SUN-MON."),
        ("0 0 * * 6-1", "cron_range_order", "weekday", "Write 6,0-1."),
        ("0 0 * * 7-2", "cron_range_order", "weekday", "Write 0-2."),
        ("R * * * *", "cron_unsupported", "minute", "Minute cannot be “R”"),
        ("H H * * *", "cron_unsupported", "minute", "Minute cannot be “H”"),
        ("0 0 L * *", "cron_unsupported", "day of month", "Use 1–31"),
        ("0 0 1W * *", "cron_unsupported", "day of month", "“1W”"),
        ("0 0 * * MON#6", "cron_unsupported", "weekday", "“MON#6”"),
        ("0 0 ? * *", "cron_unsupported", "day of month", "“?”"),
        ("1,,2 * * * *", "cron_unsupported", "minute", "empty place"),
        ("@reboot", "cron_unsupported", None, "such as 0 9 * * 1"),
        ("@daily", "cron_unsupported", None, "Type the five fields: 0 0 * * *"),
        ("@Hourly", "cron_unsupported", None, "Type the five fields: 0 * * * *"),
        ("CRON_TZ=UTC 0 9 * * *", "cron_unsupported", None, "field of its own"),
        ("0 0 31 2 *", "cron_never_fires", "day of month", "31 does not exist in Feb"),
        ("0 0 31 4,6 *", "cron_never_fires", "day of month", "in April or June"),
        ("٣ * * * *", "cron_charset", None, "Character 1, “٣”"),
        ("０ * * * *", "cron_charset", None, "Character 1"),
        ("0 9 * * *\x00", "cron_charset", None, r"Character 10, “\x00”"),
        ("0 9 * * *\n0 10 * * *", "cron_charset", None, r"“\n”"),
        ("0 9 * * *; rm -rf /", "cron_charset", None, "Character 10, “;”"),
        ("$(id)", "cron_charset", None, "Character 1, “$”"),
        ("\ud800 * * * *", "cron_charset", None, r"“\ud800”"),
        ("0," * 5_000 + "0 * * * *", "cron_too_long", None, "255 are allowed"),
        ("0" * 252 + " * * * *", "cron_too_long", None, "260 characters"),
    ],
)
def test_a_refusal_names_what_is_wrong_and_what_is_allowed(
    cron: str, code: str, part: str | None, words: str
) -> None:
    error = refusal(cron)

    assert (error.code, error.field, error.part) == (code, "cron", part)
    assert words in error.message


@pytest.mark.parametrize(
    "cron", [None, 5, 1.5, True, b"* * * * *", ["*"], {}, object()]
)
def test_what_is_no_text_is_refused(cron: Any) -> None:
    error = refusal(cron)

    assert (error.code, error.field) == ("type", "cron")


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("0 9 * * mon-fri", "0 9 * * MON-FRI"),
        ("0\t9\t*\t*\t*", "0 9 * * *"),
        ("  0   9 * * MON-FRI\n", "0 9 * * MON-FRI"),
        ("\r\n0 9 * * *", "0 9 * * *"),
        ("00 09 01 jan *", "00 09 01 JAN *"),
        ("59,0 23,0 * * *", "59,0 23,0 * * *"),
        ("0 0 * * 7", "0 0 * * 7"),
        ("* * * * *", "* * * * *"),
    ],
)
def test_the_canonical_form_changes_spaces_and_letter_case_only(
    typed: str, canonical: str
) -> None:
    assert validate(typed, "UTC") == canonical
    assert validate(canonical, "UTC") == canonical


def test_255_characters_are_allowed() -> None:
    cron = "0," * 123 + "0 * * * *"

    assert len(cron) == 255
    assert validate(cron, "Europe/Berlin") == cron


@pytest.mark.parametrize(
    ("field", "weekdays"),
    [
        ("7", (0,)),
        ("0", (0,)),
        ("5-7", (0, 5, 6)),
        ("FRI-SUN", (0, 5, 6)),
        ("SUN-MON", (0, 1)),
        ("SUN-SUN", (0,)),
        ("MON-SUN", (0, 1, 2, 3, 4, 5, 6)),
        ("7/2", (0, 2, 4, 6)),
        ("1/2", (1, 3, 5)),
        ("1-7/2", (0, 1, 3, 5)),
        ("*/7", (0,)),
    ],
)
def test_seven_is_sunday_too(field: str, weekdays: tuple[int, ...]) -> None:
    assert parse(f"0 0 * * {field}").weekdays == weekdays


@pytest.mark.parametrize("day", ["*/2", "*/1", "1-31", "*,1"])
def test_a_day_field_that_is_not_just_a_star_is_restricted(day: str) -> None:
    assert parse(f"0 0 {day} * MON").day_or_weekday
    assert not parse(f"0 0 {day} * *").day_or_weekday
    assert parse("0 0 13 * */2").day_or_weekday
    assert not parse("0 0 * * MON").day_or_weekday


@given(expression=expressions())
def test_every_expression_means_its_numbers_or_never_fires(
    expression: Expression,
) -> None:
    if not expression.fires():
        assert refusal(expression.text).code == "cron_never_fires"
        return

    rule = parse(expression.text)

    numbers = (rule.minutes, rule.hours, rule.days, rule.months, rule.weekdays)
    assert tuple(map(frozenset, numbers)) == expression.numbers
    assert all(list(values) == sorted(values) for values in numbers)
    assert rule.interval == expression.interval


@given(expression=fitting_expressions, spaces=st.sampled_from([" ", "  ", "\t"]))
def test_the_canonical_form_of_a_canonical_form_is_itself(
    expression: Expression, spaces: str
) -> None:
    typed = expression.text.lower().replace(" ", spaces)

    assert validate(typed, "UTC") == expression.text


@given(cron=st.text(alphabet="0123456789*/,-LWRH#?@ MONjan\t\n٣", max_size=40))
def test_no_text_raises_anything_but_the_domain_error(cron: str) -> None:
    try:
        canonical = validate(cron, "UTC")
    except InvalidRecurrence:
        return
    assert validate(canonical, "UTC") == canonical


@pytest.mark.parametrize(
    ("cron", "canonical"),
    [
        ("0 0 */2 * 1", "0 0 */2 * 1"),
        ("0 0 * * SAT-SUN", "0 0 * * SAT-SUN"),
        ("0 0 * * FRI-SUN", "0 0 * * FRI-SUN"),
        ("\n0 0 * * *", "0 0 * * *"),
        ("0 0 * * *\n", "0 0 * * *"),
        ("0 0 */1 * MON", "0 0 */1 * MON"),
    ],
)
def test_what_other_crons_disagree_on_is_accepted(cron: str, canonical: str) -> None:
    assert cron in {case["cron"] for case in CASES["either"]}
    assert validate(cron, "UTC") == canonical
