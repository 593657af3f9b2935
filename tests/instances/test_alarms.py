"""Alarms: one open per code and subject, however many processes raise it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from instances.alarms import end_alarm, open_alarms, raise_alarm
from instances.models import Alarm
from tests.makers import NOON


@pytest.mark.django_db
def test_a_new_alarm_is_open_with_its_facts() -> None:
    assert raise_alarm("clock_skew", "amazon", {"seconds": 400}, now=NOON)

    alarm = open_alarms().get()
    assert (alarm.code, alarm.subject, alarm.facts, alarm.since) == (
        "clock_skew",
        "amazon",
        {"seconds": 400},
        NOON,
    )


@pytest.mark.django_db
def test_raised_again_it_stays_the_one_that_began_first() -> None:
    raise_alarm("clock_skew", "amazon", {"seconds": 400}, now=NOON)

    later = NOON + timedelta(minutes=5)
    assert not raise_alarm("clock_skew", "amazon", {"seconds": 500}, now=later)
    assert open_alarms().get().since == NOON


@pytest.mark.django_db
def test_another_subject_is_another_alarm() -> None:
    assert raise_alarm("connection_held", "connection:1", {}, now=NOON)
    assert raise_alarm("connection_held", "connection:2", {}, now=NOON)


@pytest.mark.django_db
def test_an_ended_alarm_can_be_raised_anew() -> None:
    raise_alarm("clock_skew", "amazon", {}, now=NOON)

    assert end_alarm("clock_skew", "amazon", now=NOON + timedelta(hours=1))
    assert not open_alarms().exists()
    assert raise_alarm("clock_skew", "amazon", {}, now=NOON + timedelta(hours=2))
    assert Alarm.objects.count() == 2


@pytest.mark.django_db
def test_ending_what_is_not_open_says_so() -> None:
    assert not end_alarm("clock_skew", "amazon", now=NOON)


def test_of_many_that_raise_it_at_once_one_opens_it(committed_db: None) -> None:
    def raise_it(number: int) -> bool:
        try:
            return raise_alarm("clock_skew", "amazon", {"by": number}, now=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        news = list(pool.map(raise_it, range(8)))

    assert news.count(True) == 1
    assert Alarm.objects.count() == 1
