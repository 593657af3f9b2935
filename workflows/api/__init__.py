"""The API of workflows, their versions and executions."""

from __future__ import annotations
