"""What Celery does for this app; an argument is an id, the time is the database's."""

from __future__ import annotations

import structlog
from celery import shared_task

from instances import tidying
from instances.clock import database_now
from instances.connections import release_readable, retry_held_application
from instances.errors import InstancesError
from instances.models import Connection
from instances.sync import sync_from_amazon

log = structlog.get_logger(__name__)


@shared_task
def try_held_application() -> None:
    """See whether what is held needs to be held: the application, unreadable tokens."""
    if retry_held_application(database_now()):
        log.info("application released")
    if released := release_readable(database_now()):
        log.info("connections are readable again", released=released)


@shared_task
def sync_connection(connection_id: int) -> None:
    """Bring accounts and instances of a connection up to date; a failure is logged."""
    connection = Connection.objects.usable().filter(pk=connection_id).first()
    if connection is None:
        return
    try:
        result = sync_from_amazon(connection, now=database_now())
    except InstancesError as error:
        log.warning("sync failed", connection=connection_id, error=error.message)
    else:
        log.info("synced", connection=connection_id, result=result)


@shared_task
def forget_expired() -> None:
    """Keep the small tables small."""
    log.info("forgotten", **tidying.forget_expired(now=database_now()))
