"""What Celery does for this app; an argument is an id, the time is the database's."""

from __future__ import annotations

import structlog
from celery import shared_task

from instances.clock import database_now
from instances.connections import release_readable, retry_held_application
from instances.errors import InstancesError
from instances.models import Connection
from instances.publishing import publish
from instances.sync import sync_accounts, sync_instances
from instances.task_names import SYNC_ACCOUNT

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
    """Bring the accounts of a connection up to date; their instances by tasks of their
    own, since hundreds of accounts take longer than one task may."""
    connection = Connection.objects.usable().filter(pk=connection_id).first()
    if connection is None:
        return
    try:
        links = sync_accounts(connection, now=database_now())
    except InstancesError as error:
        log.warning("sync failed", connection=connection_id, error=error.message)
    else:
        publish(SYNC_ACCOUNT, links)


@shared_task
def sync_account(link_id: int) -> None:
    """Bring the instances of one account of one connection up to date."""
    try:
        sync_instances(link_id, now=database_now())
    except InstancesError as error:
        log.warning("sync failed", link=link_id, error=error.message)
