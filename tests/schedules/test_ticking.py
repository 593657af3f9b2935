"""A tick's parts do not stop each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.heartbeats import beat
from instances.models import Heartbeat
from schedules.models import Schedule
from schedules.ticking import tick
from tests.broker import Broker
from tests.makers import NOON
from tests.rivals import held_elsewhere
from tests.schedules.clock import stopped_clock


@pytest.mark.django_db(transaction=True)
def test_new_zone_data_that_must_wait_stop_no_tick(
    schedule: Schedule, broker: Broker, impatient: None
):
    an_hour_before = NOON - timedelta(hours=1)
    beat("tzdata", now=an_hour_before, version="1970a")

    with held_elsewhere(schedule), stopped_clock(an_hour_before):
        tick()

    assert Heartbeat.objects.get(name="tick").facts["recalculated"] == 0
    assert Heartbeat.objects.get(name="tzdata").facts == {"version": "1970a"}
