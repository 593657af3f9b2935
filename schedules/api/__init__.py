"""The API of schedules, targets and runs, of previews and of health."""

from __future__ import annotations
