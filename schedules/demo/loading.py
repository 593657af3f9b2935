"""Storing the demo: one transaction, so that it is there as a whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from random import Random

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection, transaction

from instances.changelog import changing
from instances.holds import hold
from instances.models import Change, User
from schedules.demo import bulk_rows
from schedules.demo.answers import COLUMNS, MOST_ROWS, csv_of
from schedules.demo.history import Past, link, moves, past
from schedules.demo.stories import Plot, Story, stories
from schedules.demo.timeline import Moments, Timeline, moments, timeline
from schedules.demo.world import DEMO, World, make_world
from schedules.lifecycle import ScheduleFields, create_schedule
from schedules.models import Run, RunEvent, Schedule, Target
from schedules.pausing import pause_schedule
from schedules.recurrence import fire_times, slots_between
from workflows.models import ExecutionResult, WorkflowExecution
from workflows.states import ExecutionState
from workflows.windows import Window

RETENTION = timedelta(days=14)  # of the files of results
HELD_BECAUSE = "Amazon no longer accepts this authorisation; its owner must reconnect."
PAUSED_BECAUSE = "The holiday campaigns have ended; resume in November."

# As the counter is defined: failures after the last success, by when they ended.
COUNT_FAILURES = """
UPDATE schedule_targets t SET consecutive_failures = (
  SELECT count(*) FROM schedule_runs r
   WHERE r.target_id = t.id AND r.trigger IN ('schedule', 'retry')
     AND r.state = 'FAILED' AND r.counts_failure AND r.created_at >= t.counting_from
     AND r.finished_at > coalesce(
           (SELECT max(s.finished_at) FROM schedule_runs s
             WHERE s.target_id = t.id AND s.trigger IN ('schedule', 'retry')
               AND s.state = 'SUCCEEDED' AND s.created_at >= t.counting_from),
           '-infinity'))
 WHERE t.id = ANY (%s)
"""


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
    began = now.replace(hour=0, minute=0, second=0, microsecond=0)
    began -= timedelta(weeks=weeks)
    with _files() as kept, transaction.atomic():
        world = make_world(began)
        targets: list[Target] = []
        pasts: list[tuple[Story, Past]] = []
        for story in stories(schedules):
            schedule = _schedule(story, world, began, now)
            for target in _targets(schedule):
                told = _tell(story, target, at, random)
                _pause_target(target, told)
                rows = past(
                    target,
                    told.episodes,
                    version_id=schedule.workflow.version_id or 0,
                    connection_id=schedule.connection_id or world.connection.pk,
                    random=random,
                    now=now,
                )
                pasts += [(story, row) for row in rows]
                targets.append(target)
            _go_on(story, schedule, at)
        _store(pasts, random, kept, now=now)
        _count_failures(targets)
        hold(world.fragile.pk, HELD_BECAUSE, now=at.held_at)
    return Loaded(schedules=schedules, targets=len(targets), runs=len(pasts))


@contextmanager
def _files() -> Iterator[list[str]]:
    """The keys of files that are stored meanwhile, and removed if that fails."""
    kept: list[str] = []
    try:
        yield kept
    except BaseException:
        for key in kept:
            storages["results"].delete(key)
        raise


def _schedule(story: Story, world: World, began: datetime, now: datetime) -> Schedule:
    since = max(began, now - story.lasts) if story.lasts else began
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


def _tell(story: Story, target: Target, at: Moments, random: Random) -> Timeline:
    schedule = target.schedule
    slots = slots_between(
        schedule.cron_expression, schedule.timezone, schedule.created_at, at.now
    )
    number = int(target.instance.instance_id[-2:])
    is_last = number == story.instances[-1]
    return timeline(story, list(slots), is_last=is_last, at=at, random=random)


def _pause_target(target: Target, told: Timeline) -> None:
    if told.paused_at is None:
        return
    target.paused_at = told.paused_at
    target.pause_reason = told.pause_reason
    target.pause_message = told.pause_message
    with changing(None, Change.Origin.SYSTEM, told.pause_message, now=told.paused_at):
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


def _store(
    pasts: list[tuple[Story, Past]],
    random: Random,
    kept: list[str],
    *,
    now: datetime,
) -> None:
    """Numbered by their age, as they would have been."""
    pasts.sort(key=lambda told: told[1].run.created_at)
    runs = [row.run for _, row in pasts]
    executions = [each for _, row in pasts for each in row.executions]
    executions.sort(key=lambda execution: execution.created_at)
    bulk_rows.number(Run, runs)
    bulk_rows.number(WorkflowExecution, executions)
    for _, row in pasts:
        link(row, installation=settings.INSTALLATION_ID, random=random)
    bulk_rows.store(WorkflowExecution, executions)
    bulk_rows.store(Run, runs)
    events = [event for _, row in pasts for event in moves(row)]
    events.sort(key=lambda event: event.at)
    bulk_rows.number(RunEvent, events)
    bulk_rows.store(RunEvent, events)
    results = [
        _result(story, row.run, execution, random, kept, now=now)
        for story, row in pasts
        for execution in row.executions
        if execution.state == ExecutionState.SUCCEEDED
    ]
    bulk_rows.number(ExecutionResult, results)
    bulk_rows.store(ExecutionResult, results)


def _result(
    story: Story,
    run: Run,
    execution: WorkflowExecution,
    random: Random,
    kept: list[str],
    *,
    now: datetime,
) -> ExecutionResult:
    """With its file while it is young; only retention's note of it afterwards."""
    landed = execution.ended_at or now
    key = f"executions/{execution.pk}/1-{random.getrandbits(32):08x}.csv"
    result = ExecutionResult(
        execution_id=execution.pk,
        storage_key=key,
        size_bytes=random.randint(400, 900),
        row_count=random.randint(2, MOST_ROWS),
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        columns=list(COLUMNS[story.query]),
        created_at=landed,
        removed_at=landed + RETENTION,
    )
    if landed + RETENTION > now and run.window_start and run.window_end:
        window = Window(start=run.window_start, end=run.window_end)
        content = csv_of(story.query, run.instance.name, window, random)
        storages["results"].save(key, File(BytesIO(content)))
        kept.append(key)
        result.size_bytes = len(content)
        result.row_count = content.count(b"\n") - 1
        result.sha256 = hashlib.sha256(content).hexdigest()
        result.removed_at = None
    return result


def _count_failures(targets: Sequence[Target]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_FAILURES, [[target.pk for target in targets]])
