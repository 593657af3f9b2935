"""What became of each slot of one target, from its story. Pure and repeatable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from schedules.demo import outcomes
from schedules.demo.outcomes import Outcome
from schedules.demo.story import Plot, Story
from schedules.states import RunState, Trigger

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FAILURES = 5
FALTERING = 3
SLOW_RUNS = 5


@dataclass(frozen=True, kw_only=True)
class Moments:
    """When in the demo's year things happen."""

    now: datetime
    outage_from: datetime
    outage_until: datetime
    broken_from: datetime
    held_at: datetime
    paused_at: datetime
    # From then on only what the plots say goes wrong.
    quiet_from: datetime


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A run: born at `created_at`, at work for `seconds`.

    `of` is the place in the same timeline of the run that it retries or gave way to.
    """

    slot: datetime
    created_at: datetime
    outcome: Outcome
    seconds: float = 0.0
    trigger: Trigger = Trigger.SCHEDULE
    of: int | None = None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The runs of a target; when and why we paused it."""

    episodes: tuple[Episode, ...]
    paused_at: datetime | None = None
    pause_reason: str = ""
    pause_message: str = ""


@dataclass(kw_only=True)
class _Target:
    """A target whose slots are told one after another."""

    story: Story
    is_last: bool
    moments: Moments
    random: Random
    episodes: list[Episode] = field(default_factory=list)
    failures: int = 0
    paused_at: datetime | None = None
    busy_until: datetime | None = None


def moments(now: datetime) -> Moments:
    """The year's events, reckoned back from now."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    outage = midnight - 19 * DAY
    return Moments(
        now=now,
        outage_from=outage + timedelta(hours=1, minutes=40),
        outage_until=outage + timedelta(hours=10, minutes=12),
        broken_from=midnight - 49 * DAY,
        held_at=midnight - 3 * DAY + timedelta(hours=5, minutes=2),
        paused_at=midnight - 36 * DAY + timedelta(hours=15, minutes=20),
        quiet_from=midnight - 8 * DAY,
    )


def timeline(
    story: Story,
    slots: Sequence[datetime],
    *,
    is_last: bool,
    usual_seconds: float,
    at: Moments,
    random: Random,
) -> Timeline:
    """One run for each slot, and some by hand."""
    target = _Target(story=story, is_last=is_last, moments=at, random=random)
    for place, slot in enumerate(slots):
        if story.plot is Plot.PAUSED and slot > at.paused_at:
            break
        slowness = _slowness(story, len(slots) - place)
        seconds = usual_seconds * random.lognormvariate(0, 0.12) * slowness
        _tell(target, slot, seconds, left=len(slots) - place)
    return Timeline(
        episodes=tuple(target.episodes),
        paused_at=target.paused_at,
        pause_reason=_pause_reason(target),
        pause_message=target.episodes[_last_failure(target)].outcome.message
        if target.paused_at
        else "",
    )


def _tell(target: _Target, slot: datetime, seconds: float, *, left: int) -> None:
    """Add what became of a slot, and what a person did about it."""
    at, random = target.moments, target.random
    born = slot + timedelta(seconds=random.uniform(1, 9))
    outcome = _outcome(target, slot, left)
    if outcome is outcomes.MISSED:
        born = at.outage_until + timedelta(seconds=random.uniform(1, 9))
    elif outcome is outcomes.SUCCEEDED and _takes_too_long(target):
        seconds = random.uniform(62, 80) * 60
    episode = Episode(
        slot=slot,
        created_at=min(born, at.now),
        outcome=outcome,
        seconds=seconds,
        of=len(target.episodes) - 1 if outcome is outcomes.OVERLAP else None,
    )
    target.episodes.append(episode)
    _note(target, episode)
    target.episodes += _by_hand(target, episode)


def _outcome(target: _Target, slot: datetime, left: int) -> Outcome:
    at, plot = target.moments, target.story.plot
    if target.paused_at is not None:
        return outcomes.TARGET_PAUSED
    if plot is Plot.HELD and slot > at.held_at:
        return outcomes.WAITS
    if at.outage_from <= slot < at.outage_until:
        return outcomes.MISSED
    if target.busy_until is not None and slot < target.busy_until:
        return outcomes.OVERLAP
    if target.is_last and plot is Plot.FALTERS and left <= FALTERING:
        return outcomes.SQL_INVALID
    if target.is_last and slot > at.broken_from:
        if plot is Plot.BREAKS:
            return outcomes.SQL_INVALID
        if plot is Plot.REFUSED:
            return outcomes.ACCESS_DENIED
    chance = _by_chance(target.random)
    return chance if slot < at.quiet_from else outcomes.SUCCEEDED


def _by_chance(random: Random) -> Outcome:
    drawn = random.uniform(0, 1000)
    for outcome, share in outcomes.MISFORTUNES:
        drawn -= share
        if drawn < 0:
            return outcome
    return outcomes.SUCCEEDED


def _takes_too_long(target: _Target) -> bool:
    return target.story.plot is Plot.CROWDED and target.random.random() < 0.03


def _slowness(story: Story, left: int) -> float:
    return 2.2 if story.plot is Plot.SLOWS and left <= SLOW_RUNS else 1.0


def _note(target: _Target, episode: Episode) -> None:
    """Count failures, pause the target where the product would."""
    ended = episode.created_at + timedelta(seconds=episode.seconds + 20)
    outcome = episode.outcome
    if target.story.plot is Plot.CROWDED:
        target.busy_until = ended
    if outcome.counts_failure:
        target.failures += 1
    elif outcome.state is RunState.SUCCEEDED:
        target.failures = 0
    if target.failures >= FAILURES or outcome is outcomes.ACCESS_DENIED:
        target.paused_at = ended


def _by_hand(target: _Target, episode: Episode) -> list[Episode]:
    """Somebody retries what Amazon's outage ended; somebody runs it once more."""
    later = episode.created_at + timedelta(seconds=episode.seconds) + 2 * HOUR
    may_be = target.story.lasts is None and target.paused_at is None
    if later > target.moments.now - DAY or not may_be:
        return []
    again = replace(episode, created_at=later, outcome=outcomes.SUCCEEDED, of=None)
    if episode.outcome is outcomes.UNAVAILABLE:
        target.failures = 0
        return [replace(again, trigger=Trigger.RETRY, of=len(target.episodes) - 1)]
    if episode.outcome is outcomes.SUCCEEDED and target.random.random() < 0.006:
        return [replace(again, trigger=Trigger.MANUAL, slot=later)]
    return []


def _pause_reason(target: _Target) -> str:
    if target.paused_at is None:
        return ""
    is_refused = target.story.plot is Plot.REFUSED
    return "access_denied" if is_refused else "failures"


def _last_failure(target: _Target) -> int:
    """The place of the run that led to the pause."""
    places = range(len(target.episodes) - 1, -1, -1)
    return next(
        place
        for place in places
        if target.episodes[place].outcome.state is RunState.FAILED
    )
