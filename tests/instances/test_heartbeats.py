"""Heartbeats: one row per part, the newest news."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instances.heartbeats import beat
from instances.models import Heartbeat
from tests.makers import NOON


@pytest.mark.django_db
def test_each_beat_replaces_the_one_before() -> None:
    beat("tick", now=NOON, claimed=3)
    beat("tick", now=NOON + timedelta(seconds=10), claimed=0)

    heartbeat = Heartbeat.objects.get(name="tick")
    assert heartbeat.at == NOON + timedelta(seconds=10)
    assert heartbeat.facts == {"claimed": 0}
