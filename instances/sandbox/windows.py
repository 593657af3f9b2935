"""The time window of an execution, from what was asked for to instants in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from instances.sandbox.errors import Refusal

WINDOW_TYPES = (
    "MOST_RECENT_DAY",
    "EXPLICIT",
    "MOST_RECENT_WEEK",
    "CURRENT_MONTH",
    "PREVIOUS_MONTH",
    "ALL",
)
LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
DAYS_OF_DATA = 396
"""Thirteen months."""


@dataclass(frozen=True, kw_only=True)
class TimeWindow:
    """`start` and `end` are naive: local times in `zone`; the end is exclusive."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def start_utc(self) -> datetime:
        return self.start.replace(tzinfo=self.zone).astimezone(UTC)

    @property
    def end_utc(self) -> datetime:
        return self.end.replace(tzinfo=self.zone).astimezone(UTC)


def parse_zone(name: str, *, field: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refusal(400, f"{field} must be a name of the tz database.") from error


def parse_local_time(text: str, *, field: str) -> datetime:
    """Exactly yyyy-MM-ddTHH:mm:ss: no zone, no offset, no bare date."""
    message = f"{field} must be in the format yyyy-MM-dd'T'HH:mm:ss."
    if not LOCAL_TIME.fullmatch(text):
        raise Refusal(400, message)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, message) from error


def explicit(start: str, end: str, zone: ZoneInfo) -> TimeWindow:
    window = TimeWindow(
        start=parse_local_time(start, field="timeWindowStart"),
        end=parse_local_time(end, field="timeWindowEnd"),
        zone=zone,
    )
    if window.start >= window.end:
        raise Refusal(400, "timeWindowStart must be before timeWindowEnd.")
    return window


def relative(kind: str, zone: ZoneInfo, *, now: datetime) -> TimeWindow:
    """The whole local days that a type other than EXPLICIT means at `now`."""
    today = now.astimezone(zone).date()
    first, last = days_of(kind, today)
    return TimeWindow(
        start=datetime.combine(first, time()),
        end=datetime.combine(last, time()),
        zone=zone,
    )


def days_of(kind: str, today: date) -> tuple[date, date]:
    """First day, and the day after the last."""
    month = today.replace(day=1)
    if kind == "MOST_RECENT_DAY":
        return today - timedelta(days=1), today
    if kind == "MOST_RECENT_WEEK":
        return today - timedelta(days=7), today
    if kind == "CURRENT_MONTH":
        return month, today + timedelta(days=1)
    if kind == "PREVIOUS_MONTH":
        return (month - timedelta(days=1)).replace(day=1), month
    return today - timedelta(days=DAYS_OF_DATA), today + timedelta(days=1)
