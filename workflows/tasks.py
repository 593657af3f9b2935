"""What Celery calls: the clock is read and one function called. Arguments are ids."""

from __future__ import annotations

from celery import shared_task

from instances.clock import database_now
from instances.timing import times
from workflows.executions.polling import poll_due
from workflows.executions.submission import submit
from workflows.results.collecting import collect
from workflows.results.hints import send_for_results

DAY = 24 * 60 * 60  # seconds; the lease decides, not the clock of the worker


@shared_task
def submit_execution(execution_id: int) -> None:
    submit(execution_id, now=database_now)


@shared_task
def poll_executions() -> None:
    """What is due at Amazon; then a message for each result that may be fetched."""
    send_for_results(now=database_now())
    poll_due(now=database_now, budget=times().poll_pass)
    send_for_results(now=database_now())


@shared_task(soft_time_limit=DAY, time_limit=DAY)
def collect_result(execution_id: int) -> None:
    collect(execution_id, now=database_now)
