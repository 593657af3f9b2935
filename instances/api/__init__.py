"""The API of people, accounts, instances and connections."""

from __future__ import annotations
