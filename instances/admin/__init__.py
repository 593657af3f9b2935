"""The admin of `instances`, and the manners that the admin of every app shares."""

from __future__ import annotations

from instances.admin import (
    accounts,
    changes,
    connections,
    operations,
    people,
    site,
)

__all__ = ["accounts", "changes", "connections", "operations", "people", "site"]
