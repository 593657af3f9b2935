"""Probes: one for everybody that says nothing, one for our own machines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from instances.heartbeats import beat
from tests.browsers import browser
from tests.makers import NOON
from tests.schedules.clock import stopped_clock

pytestmark = pytest.mark.django_db


def test_live_says_nothing_to_everybody():
    answer = browser().get("/healthz/live", REMOTE_ADDR="203.0.113.9")

    assert (answer.status_code, answer.content) == (200, b"")


def test_live_asks_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        browser().get("/healthz/live")


@pytest.mark.parametrize("probe", ["live", "ready"])
def test_probes_can_only_be_read(probe: str):
    assert browser().post(f"/healthz/{probe}").status_code == 405


def test_ready_is_not_there_for_strangers():
    answer = browser().get("/healthz/ready", REMOTE_ADDR="203.0.113.9")

    assert answer.status_code == 404


def test_ready_is_not_there_for_those_whom_a_proxy_lets_in():
    answer = browser().get("/healthz/ready", headers={"x-forwarded-for": "203.0.113.9"})

    assert answer.status_code == 404


def test_ready_when_the_tick_is_fresh():
    with stopped_clock(NOON):
        beat("tick", now=NOON - timedelta(seconds=12))
        answer = browser().get("/healthz/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "database": "ok",
        "heartbeat_ages_seconds": {"tick": 12.0},
        "late": [],
    }


@pytest.mark.parametrize(("age", "status"), [(60, 200), (61, 503)])
def test_a_tick_six_periods_late_is_not_ready(
    age: int, status: int, settings: Settings
):
    settings.TICK_SECONDS = 10
    with stopped_clock(NOON):
        beat("tick", now=NOON - timedelta(seconds=age))
        answer = browser().get("/healthz/ready")

    assert answer.status_code == status
    assert answer.json()["late"] == ([] if status == 200 else ["tick"])


def test_without_any_tick_it_is_not_ready():
    answer = browser().get("/healthz/ready")

    assert (answer.status_code, answer.json()["late"]) == (503, ["tick"])


def test_the_machines_that_may_ask_are_a_setting(settings: Settings):
    settings.INTERNAL_ADDRESSES = ["10.0.0.7"]

    ours = browser().get("/healthz/ready", REMOTE_ADDR="10.0.0.7")
    other = browser().get("/healthz/ready", REMOTE_ADDR="127.0.0.1")

    assert (ours.status_code, other.status_code) == (503, 404)
