"""A database that several threads share."""

from __future__ import annotations

import pytest
from django.db import connection

from instances.models import LwaApplication


@pytest.fixture
def committed_db(transactional_db: None) -> None:
    """What a test commits is seen by its threads, and flushed after it.

    The flush knows the tables of our models only, and knox's own token table, which
    we replaced, still refers to one of them. The one row of the application comes
    from a migration and is gone after the first flush.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")
    LwaApplication.objects.get_or_create(id=1)
