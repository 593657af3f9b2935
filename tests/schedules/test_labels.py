"""The state that lists show: as the specification words it, and as date-fns counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.labels import distance, status_label
from tests.makers import NOON

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


@pytest.mark.parametrize(
    ("is_active", "next_run_at", "label"),
    [
        (False, None, "Paused"),
        (False, NOON + DAY, "Paused"),
        (True, NOON - SECOND, "Due"),
        (True, NOON, "Due"),
        (True, NOON + SECOND, "Next: less than a minute"),
        (True, NOON + 7 * DAY, "Next: 7 days"),
    ],
)
def test_a_schedule_is_paused_due_or_next(
    is_active: bool, next_run_at: datetime | None, label: str
):
    assert status_label(is_active=is_active, next_run_at=next_run_at, now=NOON) == label


# What date-fns 4 says of the same spans; each pair is the two sides of a threshold.
@pytest.mark.parametrize(
    ("span", "words"),
    [
        (0 * SECOND, "less than a minute"),
        (29 * SECOND, "less than a minute"),
        (29.999 * SECOND, "less than a minute"),
        (30 * SECOND, "1 minute"),
        (89 * SECOND, "1 minute"),
        (90 * SECOND, "2 minutes"),
        (44 * MINUTE + 29 * SECOND, "44 minutes"),
        (44 * MINUTE + 30 * SECOND, "about 1 hour"),
        (89 * MINUTE + 29 * SECOND, "about 1 hour"),
        (89 * MINUTE + 30 * SECOND, "about 2 hours"),
        (150 * MINUTE, "about 3 hours"),
        (23 * HOUR + 59 * MINUTE + 29 * SECOND, "about 24 hours"),
        (23 * HOUR + 59 * MINUTE + 30 * SECOND, "1 day"),
        (41 * HOUR + 59 * MINUTE + 29 * SECOND, "1 day"),
        (41 * HOUR + 59 * MINUTE + 30 * SECOND, "2 days"),
        (60 * HOUR, "3 days"),
        (7 * DAY, "7 days"),
        (30 * DAY - 31 * SECOND, "30 days"),
        (30 * DAY - 30 * SECOND, "about 1 month"),
        (45 * DAY - 31 * SECOND, "about 1 month"),
        (45 * DAY, "about 2 months"),
        (60 * DAY, "2 months"),
        (75 * DAY, "3 months"),
        (360 * DAY, "12 months"),
        (365 * DAY, "about 1 year"),
        (365 * DAY + 92 * DAY, "over 1 year"),
        (365 * DAY + 274 * DAY, "almost 2 years"),
        (2 * 365 * DAY + DAY, "about 2 years"),
    ],
)
def test_spans_are_worded_as_the_web_app_words_them(span: timedelta, words: str):
    assert distance(NOON, NOON + span) == words


def test_the_29th_of_february_may_be_far():
    now = datetime(2026, 3, 1, tzinfo=UTC)

    assert distance(now, datetime(2028, 2, 29, tzinfo=UTC)) == "almost 2 years"


@given(st.timedeltas(timedelta(0), timedelta(days=4_000)))
def test_every_span_has_words_without_a_zero(span: timedelta):
    words = distance(NOON, NOON + span)

    assert words
    assert " 0 " not in f" {words} "
