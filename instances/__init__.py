"""Who we run against, and for whom."""

from __future__ import annotations
