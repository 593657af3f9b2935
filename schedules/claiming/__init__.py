"""Due slots become runs: read, planned, born, stored."""

from __future__ import annotations
