"""Sentences: true, complete, and as people would say them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schedules.recurrence import describe
from schedules.recurrence.cron import Rule, parse
from schedules.recurrence.words import MONTHS, WEEKDAYS
from tests.schedules.recurrence.expressions import Expression, fitting_expressions

WORKING_DAYS = "weekdays (Monday to Friday)"


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("* * * * *", "Every minute"),
        ("*/1 * * * *", "Every minute"),
        ("*/2 * * * *", "Every 2 minutes"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("0,15,30,45 * * * *", "Every 15 minutes"),
        ("0 * * * *", "Every hour"),
        ("30 * * * *", "Every hour, at minute 30"),
        ("*/45 * * * *", "At minutes 0 and 45 of every hour"),
        ("*/40 * * * *", "At minutes 0 and 40 of every hour"),
        ("*/7 * * * *", "Every 7th minute from 0 through 56 of every hour"),
        ("3-59/15 * * * *", "At minutes 3, 18, 33 and 48 of every hour"),
        ("1-59/2 * * * *", "Every 2nd minute from 1 through 59 of every hour"),
        ("10-20 * * * *", "Every minute from 10 through 20 of every hour"),
        ("1-5,9 * * * *", "At minutes 1 through 5 and 9 of every hour"),
        ("59/15 * * * *", "Every hour, at minute 59"),
        ("0 9 * * *", "At 09:00 every day"),
        ("0 9-9 * * *", "At 09:00 every day"),
        ("0 22/1 * * *", "At 22:00 and 23:00 every day"),
        ("59,0 23,0 * * *", "At 00:00, 00:59, 23:00 and 23:59 every day"),
        ("0 */6 * * *", "Every 6 hours, at 00:00, 06:00, 12:00 and 18:00, every day"),
        ("0 */2 * * *", "Every 2 hours from 00:00 through 22:00 every day"),
        ("30 */2 * * *", "Every 2 hours from 00:30 through 22:30 every day"),
        ("0 */5 * * *", "Every 5 hours from 00:00 through 20:00 every day"),
        ("0 */7 * * *", "At 00:00, 07:00, 14:00 and 21:00 every day"),
        ("0 */12 * * *", "At 00:00 and 12:00 every day"),
        ("0 22-23,0-5 * * *", "At minute 0 of hours 0 through 5, 22 and 23 every day"),
        ("0-59/20 0-1 * * *", "Every 20 minutes from 00:00 through 01:40 every day"),
        ("*/30 9 * * *", "At 09:00 and 09:30 every day"),
        ("*/10 8 * * *", "Every 10 minutes from 08:00 through 08:50 every day"),
        ("* 9 * * *", "Every minute from 09:00 through 09:59 every day"),
        ("* 0,12 * * *", "Every minute of hours 0 and 12 every day"),
        ("0,45 9-17 * * *", "At minutes 0 and 45 of hours 9 through 17 every day"),
        ("0 9 * * MON-FRI", f"At 09:00 on {WORKING_DAYS}"),
        ("0 9 * * 1", "At 09:00 on Monday"),
        ("0 9 * * 0-7", "At 09:00 every day"),
        ("0 9 * * 6,7", "At 09:00 on Saturday and Sunday"),
        ("0 9 * * FRI-SUN", "At 09:00 on Friday, Saturday and Sunday"),
        ("0 9 * * 2-6", "At 09:00 on Tuesday through Saturday"),
        ("0 0 * * */2", "At 00:00 on Tuesday, Thursday, Saturday and Sunday"),
        ("0 9-17 * * 1-5", f"Every hour from 09:00 through 17:00 on {WORKING_DAYS}"),
        ("*/15 9-17 * * 0", "Every 15 minutes from 09:00 through 17:45 on Sunday"),
        ("0 * * * 1", "Every hour on Monday"),
        ("0 9 1 * *", "At 09:00 on day 1 of the month"),
        ("0 9 1,15 * *", "At 09:00 on days 1 and 15 of the month"),
        ("0 0 31 * *", "At 00:00 on day 31 of the month"),
        ("0 4 8-14 * *", "At 04:00 on days 8 through 14 of the month"),
        (
            "0 0 1-31/2 * *",
            "At 00:00 on every 2nd day from 1 through 31 of the month",
        ),
        ("0 0 29 2 *", "At 00:00 on day 29 of February"),
        ("0 12 1 JAN,JUL *", "At 12:00 on day 1 of January and July"),
        ("0 0 1 */3 *", "At 00:00 on day 1 of January, April, July and October"),
        ("0 12 * JAN,JUL *", "At 12:00 every day in January and July"),
        ("* * * 5 *", "Every minute in May"),
        ("0 8 * MAR-NOV THU", "At 08:00 on Thursday in March through November"),
        # Both day fields restricted: either is enough.
        ("0 9 1 * 1", "At 09:00 on day 1 of the month or on Monday"),
        ("30 * 1 * 1", "Every hour, at minute 30, on day 1 of the month or on Monday"),
        (
            "0 0 */2 * 1",
            "At 00:00 on every 2nd day from 1 through 31 of the month or on Monday",
        ),
        ("0 0 29 2 MON", "At 00:00 in February, on day 29 of the month or on Monday"),
        ("0 0 1 * 0-6", "At 00:00 every day"),
        ("0 0 1-31 3 MON", "At 00:00 every day in March"),
        (
            "*/15 0,12 1-7 */3 1-5",
            "At minutes 0, 15, 30 and 45 of hours 0 and 12 in January, April, July and "
            f"October, on days 1 through 7 of the month or on {WORKING_DAYS}",
        ),
    ],
)
def test_a_sentence(cron: str, sentence: str) -> None:
    assert describe(cron) == sentence


def meaning(rule: Rule) -> tuple[object, ...]:
    """What tells two rules apart; whatever is every day is one thing."""
    days: object = (rule.any_day or rule.days, rule.any_weekday or rule.weekdays)
    if rule.any_day or len(rule.weekdays) == 7:
        days = ("weekdays", rule.weekdays)
    if rule.any_weekday:
        days = ("days", rule.days)
    if rule.day_or_weekday:
        days = ("either", rule.days, rule.weekdays)
    if rule.every_day_of_its_months:
        days = "every day"
    return rule.minutes, rule.hours, days, rule.months


@given(expression=fitting_expressions, data=st.data())
def test_rules_that_mean_different_things_have_different_sentences(
    expression: Expression, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, 4))
    donor = data.draw(fitting_expressions)
    other = expression.with_field(place, donor)
    assume(other.fires())
    rule, other_rule = parse(expression.text), parse(other.text)

    assert (describe(expression.text) == describe(other.text)) == (
        meaning(rule) == meaning(other_rule)
    )


@given(expression=fitting_expressions)
def test_every_restricted_field_is_mentioned(expression: Expression) -> None:
    rule = parse(expression.text)
    sentence = describe(expression.text)

    if len(rule.minutes) == 1 and rule.minutes != (0,):
        assert f"{rule.minutes[0]}" in sentence
    if len(rule.hours) == 1:
        assert any(
            word in sentence
            for word in (f"{rule.hours[0]:02}:", f"hour {rule.hours[0]}")
        )
    if rule.every_day_of_its_months:
        assert "of the month" not in sentence
    else:
        if not rule.any_day:
            assert f"{rule.days[0]}" in sentence
            assert " of " in sentence
        if not rule.any_weekday and len(rule.weekdays) == 1:
            assert WEEKDAYS[rule.weekdays[0]] in sentence
        assert (" or on " in sentence) == rule.day_or_weekday
    if len(rule.months) < 12:
        assert MONTHS[rule.months[0] - 1] in sentence
        assert MONTHS[rule.months[-1] - 1] in sentence


@given(expression=fitting_expressions)
def test_a_sentence_is_one_line_of_words(expression: Expression) -> None:
    sentence = describe(expression.text)

    assert sentence == sentence.strip()
    assert sentence.isprintable()
    assert "  " not in sentence
    assert ",," not in sentence
    assert not sentence.endswith(",")
    assert sentence[0].isupper()
