"""The tasks that this app sends messages for; each takes the id of a row."""

from __future__ import annotations

SYNC_CONNECTION = "instances.tasks.sync_connection"
SYNC_ACCOUNT = "instances.tasks.sync_account"
