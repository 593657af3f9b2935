"""The tasks that this app sends messages for; each takes the id of a row."""

from __future__ import annotations

EXECUTE_RUN = "schedules.tasks.execute_run"
SUBMIT_EXECUTION = "workflows.tasks.submit_execution"
