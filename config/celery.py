"""The Celery application and the whole table of periodic tasks.

Messages are hints: PostgreSQL holds what must happen, a task argument is an id.
"""

from __future__ import annotations

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

QUEUES = ("control", "work", "collect")

app = Celery("amc_scheduler")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_transport_options={"visibility_timeout": 300}
    | settings.REDIS_SOCKET_OPTIONS,
    visibility_timeout=300,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=90,
    task_time_limit=120,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_soft_shutdown_timeout=30,
    worker_hijack_root_logger=False,
    timezone="UTC",
    task_create_missing_queues=False,
    task_default_queue="control",
    # control: database only. work: short calls to Amazon. collect: downloads.
    task_queues=[Queue(name, routing_key=name) for name in QUEUES],
    task_routes={
        "schedules.tasks.execute_run": {"queue": "work"},
        "workflows.tasks.submit_execution": {"queue": "work"},
        "workflows.tasks.poll_executions": {"queue": "work"},
        "workflows.tasks.collect_result": {"queue": "collect"},
        "instances.tasks.*": {"queue": "work"},
    },
    beat_scheduler="config.steady_beat:SteadyScheduler",
    beat_max_loop_interval=2,
    beat_schedule={
        "tick": {"task": "schedules.tasks.tick", "schedule": settings.TICK_SECONDS},
        "settle runs": {
            "task": "schedules.tasks.settle_runs",
            "schedule": settings.POLL_SECONDS,
        },
        "poll executions": {
            "task": "workflows.tasks.poll_executions",
            "schedule": settings.POLL_SECONDS,
        },
        "try held application": {
            "task": "instances.tasks.try_held_application",
            "schedule": 300.0,
        },
        "forget expired": {
            "task": "instances.tasks.forget_expired",
            "schedule": 3600.0,
        },
    },
)
app.steps["consumer"].add("config.deaf_worker:DeafnessWatch")
app.autodiscover_tasks(["schedules", "workflows", "instances"])
