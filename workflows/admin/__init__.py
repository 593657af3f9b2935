"""The admin of `workflows`."""

from __future__ import annotations

from workflows.admin import executions, workflows

__all__ = ["executions", "workflows"]
