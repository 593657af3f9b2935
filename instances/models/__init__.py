"""The tables of `instances`: people, accounts, instances, connections, operations."""

from __future__ import annotations

from instances.models.accounts import Account, Instance, Membership, Region, Role
from instances.models.changes import Change
from instances.models.connections import Connection, ConsentRequest, LwaApplication
from instances.models.operations import Alarm, Heartbeat, IdempotencyKey
from instances.models.users import ApiToken, User

__all__ = [
    "Account",
    "Alarm",
    "ApiToken",
    "Change",
    "Connection",
    "ConsentRequest",
    "Heartbeat",
    "IdempotencyKey",
    "Instance",
    "LwaApplication",
    "Membership",
    "Region",
    "Role",
    "User",
]
