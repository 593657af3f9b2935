"""What Celery does for this app. An argument is an id; a message is only a hint."""

from __future__ import annotations

from celery import shared_task

from instances.clock import database_now
from instances.fault_points import fault_point
from instances.publishing import publish
from instances.timing import times
from schedules import settling, sweeping, ticking
from schedules.models import Run
from schedules.queue import queueing
from schedules.queue.locks import short_lock, target_lock
from schedules.task_names import SUBMIT_EXECUTION
from workflows.executions.submission import submit


@shared_task
def tick() -> None:
    """Dispatch what is due and sweep, unless another worker is just doing it."""
    with short_lock("tick", lease=times().tick_lock) as is_mine:
        if is_mine:
            ticking.tick()


@shared_task
def execute_run(run_id: int) -> None:
    """Take a run one step on, and submit what thereby got a place at Amazon."""
    run = Run.objects.filter(pk=run_id)
    target_id = run.values_list("target_id", flat=True).first()
    with target_lock(target_id) as is_mine:
        opened = queueing.execute_run(run_id, now=database_now()) if is_mine else []
    if not opened:
        return
    fault_point("admitted-unsent")
    own = run.values_list("execution_id", flat=True).first()
    publish(SUBMIT_EXECUTION, [other for other in opened if other != own])
    if own in opened:
        submit(own, now=database_now)


@shared_task
def settle_runs() -> None:
    """Settle the runs whose execution has ended, and give away the freed places."""
    settling.settle(now=database_now())
    sweeping.fill_places(now=database_now())
