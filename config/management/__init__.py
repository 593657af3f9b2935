"""Django management."""

from __future__ import annotations
