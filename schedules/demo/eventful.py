"""Stories in which something happens. Pure."""

from __future__ import annotations

from datetime import timedelta

from schedules.demo.story import INSTANCES, LAST_DAY, Plot, Story, numbers

EVENTFUL = (
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
        instances=numbers(9, 16),
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
        instances=numbers(17, 24),
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
        instances=numbers(1, INSTANCES),
    ),
    Story(
        name="Canada: new to brand",
        query="new_to_brand",
        cron="0 8 * * 1",
        timezone="America/Toronto",
        instances=(12, 15),
        plot=Plot.HELD,
    ),
)
