"""When to look next: often at first, then seldom. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from instances.timing import Times


def next_poll(since: datetime, now: datetime, spans: Times) -> datetime:
    """The next look at what began `since`: after a tenth of its age, within limits.

    A result is so noticed at most a tenth of its waiting time late.
    """
    age = max(now - since, timedelta())
    return now + min(max(age / 10, spans.poll_first), spans.poll_longest)


def next_search(sending_at: datetime, now: datetime, spans: Times) -> datetime:
    """The next search for a mark whose outcome is not known.

    The moment from which a list can prove absence is not passed over.
    """
    if now - sending_at < spans.unresolved_often:
        return now + spans.unresolved_look
    later = now + spans.unresolved_later
    decisive = sending_at + spans.absence_age
    return decisive if now < decisive < later else later
