"""When we run it."""

from __future__ import annotations
