"""One attempt at Amazon, from intent to end."""

from __future__ import annotations
