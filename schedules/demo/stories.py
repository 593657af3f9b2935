"""What the demo tells: which schedules there are, and what becomes of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Any

INSTANCES = 30
LAST_DAY = {"kind": "last_days", "days": 1, "lag_days": 2}
LAST_WEEK = {"kind": "last_days", "days": 7, "lag_days": 2}
WHOLE_WEEK = {"kind": "previous_week", "lag_days": 2}
WHOLE_MONTH = {"kind": "previous_month", "lag_days": 2}
MONTH_TO_DATE = {"kind": "month_to_date", "lag_days": 2}


class Plot(Enum):
    """What happens, beside small misfortunes that happen to all."""

    STEADY = auto()
    BREAKS = auto()  # a query fails five times in a row on the last instance
    REFUSED = auto()  # Amazon no longer lets the last instance be used
    FALTERS = auto()  # its last three runs on the last instance failed
    SLOWS = auto()  # its newest runs take twice as long
    PAUSED = auto()  # by a person, with a reason
    HELD = auto()  # its connection must be connected again
    CROWDED = auto()  # a run now and then takes longer than the gap to the next


@dataclass(frozen=True, kw_only=True)
class Story:
    """A schedule. `instances` are numbers from 1; `lasts` is None for all the time."""

    name: str
    query: str
    cron: str
    timezone: str
    instances: tuple[int, ...]
    window: Mapping[str, Any] = field(default_factory=lambda: LAST_WEEK)
    plot: Plot = Plot.STEADY
    lasts: timedelta | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def _numbers(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


# Those that show something come first, so that a small demo has them too.
STORIES = (
    Story(
        name="Pulse: day parts every quarter-hour",
        query="day_parts",
        cron="*/15 * * * *",
        timezone="UTC",
        instances=(1, 2),
        window=LAST_DAY,
        lasts=timedelta(hours=36),
    ),
    Story(
        name="Search terms, Berlin desk",
        query="search_terms",
        cron="0 10 * * 2",
        timezone="Europe/Berlin",
        instances=_numbers(9, 16),
        plot=Plot.BREAKS,
    ),
    Story(
        name="Canada: daily reach by device",
        query="device_and_region",
        cron="0 8 * * *",
        timezone="America/Toronto",
        instances=(3, 6, 9),
        window=LAST_DAY,
        plot=Plot.HELD,
    ),
    Story(
        name="Holiday search terms",
        query="search_terms",
        cron="0 6 * * *",
        timezone="America/New_York",
        instances=(21, 22),
        window=LAST_DAY,
        plot=Plot.PAUSED,
    ),
    Story(
        name="Path to conversion",
        query="path_to_conversion",
        cron="30 9 * * 3",
        timezone="America/New_York",
        instances=_numbers(17, 24),
        plot=Plot.REFUSED,
    ),
    Story(
        name="Day parts on weekdays, London desk",
        query="day_parts",
        cron="0 8 * * 1-5",
        timezone="Europe/London",
        instances=(6, 7, 8),
        window=LAST_DAY,
        plot=Plot.FALTERS,
    ),
    Story(
        name="Nightly conversions",
        query="conversions_by_attribution_day",
        cron="0 2 * * *",
        timezone="UTC",
        instances=(10,),
        plot=Plot.SLOWS,
    ),
    Story(
        name="Hourly day parts",
        query="day_parts",
        cron="0 * * * *",
        timezone="UTC",
        instances=(23,),
        window=LAST_DAY,
        plot=Plot.CROWDED,
        lasts=timedelta(days=10),
    ),
    Story(
        name="Weekly reach and frequency",
        query="reach_and_frequency",
        cron="0 9 * * 1",
        timezone="America/New_York",
        instances=_numbers(1, INSTANCES),
    ),
    Story(
        name="Canada: new to brand",
        query="new_to_brand",
        cron="0 8 * * 1",
        timezone="America/Toronto",
        instances=(12, 15),
        plot=Plot.HELD,
    ),
    Story(
        name="Weekly new to brand",
        query="new_to_brand",
        cron="30 9 * * 2",
        timezone="America/Los_Angeles",
        instances=_numbers(1, INSTANCES),
    ),
    Story(
        name="Daily device and region",
        query="device_and_region",
        cron="0 6 * * *",
        timezone="America/Toronto",
        instances=(3,),
        window=LAST_DAY,
    ),
    Story(
        name="Daily conversions by ad day",
        query="conversions_by_attribution_day",
        cron="15 7 * * *",
        timezone="America/New_York",
        instances=(4, 5),
    ),
    Story(
        name="Overlap of DSP and sponsored ads",
        query="dsp_sponsored_overlap",
        cron="0 11 * * 3",
        timezone="America/New_York",
        instances=_numbers(1, 10),
    ),
    Story(
        name="First and last touch",
        query="first_and_last_touch",
        cron="0 12 * * 4",
        timezone="America/New_York",
        instances=_numbers(11, 20),
    ),
    Story(
        name="Gateway products of the month",
        query="gateway_asins",
        cron="0 7 3 * *",
        timezone="America/New_York",
        instances=_numbers(1, 15),
        window=WHOLE_MONTH,
    ),
    Story(
        name="Time to conversion, Tokyo desk",
        query="time_to_conversion",
        cron="0 5 * * 5",
        timezone="Asia/Tokyo",
        instances=(2, 8, 14),
    ),
    Story(
        name="Brand halo, Kolkata desk",
        query="brand_halo",
        cron="30 6 * * 3",
        timezone="Asia/Kolkata",
        instances=_numbers(25, 30),
    ),
    Story(
        name="Frequency cap check",
        query="frequency_cap",
        cron="0 9 * * 4",
        timezone="America/Los_Angeles",
        instances=_numbers(1, 6),
        values={"cap": 5},
    ),
    Story(
        name="Month to date, Sydney desk",
        query="device_and_region",
        cron="0 7 * * 1-5",
        timezone="Australia/Sydney",
        instances=(18,),
        window=MONTH_TO_DATE,
    ),
    Story(
        name="Paths of the quarter",
        query="path_to_conversion",
        cron="0 9 4 1,4,7,10 *",
        timezone="Europe/Paris",
        instances=_numbers(1, 5),
        window=WHOLE_MONTH,
    ),
    Story(
        name="New to brand, last month",
        query="new_to_brand",
        cron="0 9 3 * *",
        timezone="America/Chicago",
        instances=_numbers(6, 11),
        window=WHOLE_MONTH,
    ),
    Story(
        name="Device and region, twice a week",
        query="device_and_region",
        cron="0 6 * * 2,5",
        timezone="America/Denver",
        instances=(29, 30),
    ),
    Story(
        name="Day parts of the weekend",
        query="day_parts",
        cron="0 10 * * 2",
        timezone="Europe/Madrid",
        instances=(13, 19),
    ),
    Story(
        name="Reach, Pacific advertisers",
        query="reach_and_frequency",
        cron="0 7 * * 1",
        timezone="America/Los_Angeles",
        instances=_numbers(2, 29, 3),
    ),
    Story(
        name="First and last touch, Tokyo desk",
        query="first_and_last_touch",
        cron="0 9 * * 1",
        timezone="Asia/Tokyo",
        instances=(7,),
    ),
    Story(
        name="Search terms, São Paulo desk",
        query="search_terms",
        cron="0 8 * * 2",
        timezone="America/Sao_Paulo",
        instances=(16,),
        values={"terms_like": "%gift%"},
    ),
    Story(
        name="Gateway products of the week",
        query="gateway_asins",
        cron="45 9 * * 3",
        timezone="America/New_York",
        instances=(26, 27, 28),
        window=WHOLE_WEEK,
    ),
    Story(
        name="Overlap, whole weeks",
        query="dsp_sponsored_overlap",
        cron="0 6 * * 3",
        timezone="America/New_York",
        instances=(30,),
        window=WHOLE_WEEK,
    ),
    Story(
        name="Brand halo, Auckland desk",
        query="brand_halo",
        cron="0 8 * * 4",
        timezone="Pacific/Auckland",
        instances=(24, 25),
    ),
)
FEWEST = 10  # so that every plot is told


def stories(number: int) -> Iterator[Story]:
    """So many of them: beyond the table, steady ones again under other names."""
    yield from STORIES[:number]
    steady = [story for story in STORIES[FEWEST:] if len(story.instances) <= 10]
    for place in range(number - len(STORIES)):
        round_, which = divmod(place, len(steady))
        story = steady[which]
        yield replace(story, name=f"{story.name} ({round_ + 2})")
