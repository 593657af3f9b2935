"""Storing the demo: one transaction, so that it is there as a whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction

from instances.changelog import changing
from instances.holds import hold
from instances.models import Change, User
from schedules.demo.history import Past, past
from schedules.demo.stories import stories
from schedules.demo.storing import (
    Told,
    count_failures,
    files_taken_back,
    store_history,
)
from schedules.demo.story import Plot, Story
from schedules.demo.timeline import Moments, Timeline, moments, timeline
from schedules.demo.world import DEMO, World, make_world
from schedules.lifecycle import ScheduleFields, create_schedule
from schedules.models import Schedule, Target
from schedules.pausing import pause_schedule
from schedules.recurrence import fire_times, slots_between
from workflows.lifecycle import newest_version

HELD_BECAUSE = "Amazon no longer accepts this authorisation; its owner must reconnect."
PAUSED_BECAUSE = "The holiday campaigns have ended; resume in November."


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """How much was stored."""

    schedules: int
    targets: int
    runs: int


def is_loaded() -> bool:
    return User.objects.filter(username=DEMO).exists()


def load_demo(*, schedules: int, weeks: int, seed: int, now: datetime) -> Loaded:
    """Store so many schedules with a history of so many weeks until `now`."""
    random = Random(seed)  # noqa: S311 - a story, no secret
    at = moments(now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with files_taken_back() as kept, transaction.atomic():
        world = make_world(midnight - timedelta(weeks=weeks))
        told: list[Told] = []
        for story in stories(schedules):
            told += _told(story, world, at, random)
        store_history(told, random, kept, now=now)
        targets = count_failures(world.demo)
        hold(world.fragile.pk, HELD_BECAUSE, now=at.held_at)
        _let_the_planner_know()
    return Loaded(schedules=schedules, targets=targets, runs=len(told))


def _let_the_planner_know() -> None:
    """A year has come at once; until it is counted, queries are planned for nothing."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE schedule_runs, workflow_executions, run_events")


def _told(story: Story, world: World, at: Moments, random: Random) -> list[Told]:
    """Store the schedule of a story; the runs that it has had, not stored yet."""
    schedule = _schedule(story, world, at.now)
    usual_seconds = random.uniform(40, 240)
    runs: list[Past] = []
    for target in _targets(schedule):
        course = _course(story, target, usual_seconds, at, random)
        _pause_target(target, course)
        runs += past(
            target,
            course.episodes,
            version_id=newest_version(schedule.workflow).pk,
            connection_id=schedule.connection_id or world.connection.pk,
            random=random,
            now=at.now,
        )
    _go_on(story, schedule, at)
    return [Told(query=story.query, past=run) for run in runs]


def _schedule(story: Story, world: World, now: datetime) -> Schedule:
    since = now - story.lasts if story.lasts else world.since
    fields = ScheduleFields(
        name=story.name,
        cron_expression=story.cron,
        timezone=story.timezone,
        window_rule=dict(story.window),
        parameter_values=dict(story.values),
        connection=world.fragile if story.plot is Plot.HELD else None,
    )
    with changing(world.demo, Change.Origin.API, now=since):
        return create_schedule(
            fields,
            workflow=world.workflows[story.query],
            instances=[world.instances[number] for number in story.instances],
            user=world.demo,
            now=since,
        )


def _targets(schedule: Schedule) -> list[Target]:
    rows = Target.objects.filter(schedule=schedule).select_related("instance")
    targets = list(rows.order_by("pk"))
    for target in targets:
        target.schedule = schedule
    return targets


def _course(
    story: Story, target: Target, usual_seconds: float, at: Moments, random: Random
) -> Timeline:
    schedule = target.schedule
    slots = slots_between(
        schedule.cron_expression, schedule.timezone, schedule.created_at, at.now
    )
    number = int(target.instance.instance_id[-2:])
    return timeline(
        story,
        list(slots),
        is_last=number == story.instances[-1],
        usual_seconds=usual_seconds,
        at=at,
        random=random,
    )


def _pause_target(target: Target, course: Timeline) -> None:
    if course.paused_at is None:
        return
    target.paused_at = course.paused_at
    target.pause_reason = course.pause_reason
    target.pause_message = course.pause_message
    with changing(
        None, Change.Origin.SYSTEM, course.pause_message, now=course.paused_at
    ):
        target.save()


def _go_on(story: Story, schedule: Schedule, at: Moments) -> None:
    """With its next slot after now, unless somebody has paused it meanwhile."""
    is_paused = story.plot is Plot.PAUSED
    since = at.paused_at if is_paused else at.now
    (following,) = fire_times(schedule.cron_expression, schedule.timezone, since, 1)
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=following)
    if not is_paused:
        return
    user = schedule.owner
    with changing(user, Change.Origin.API, PAUSED_BECAUSE, now=since):
        pause_schedule(schedule.pk, user=user, reason=PAUSED_BECAUSE, now=since)
