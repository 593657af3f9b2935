"""Which stories a demo of some size tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schedules.demo.eventful import EVENTFUL
from schedules.demo.steady import STEADY
from schedules.demo.story import Story

FEWEST = len(EVENTFUL)
# Beyond the table only small ones are told again.
_MOST_INSTANCES = 10


def stories(number: int) -> Iterator[Story]:
    """The eventful ones first; then steady ones, again and again with new names."""
    table = (*EVENTFUL, *STEADY)
    yield from table[:number]
    again = [story for story in STEADY if len(story.instances) <= _MOST_INSTANCES]
    for place in range(number - len(table)):
        times_told, which = divmod(place, len(again))
        yield replace(again[which], name=f"{again[which].name} ({times_told + 2})")
