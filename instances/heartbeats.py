"""Signs of life of the parts of the product."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from instances.models import Heartbeat


def beat(name: str, *, now: datetime, **facts: Any) -> None:
    """Note that `name` is alive, and what it says of itself, in one statement."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=now, facts=facts)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "facts"],
    )
