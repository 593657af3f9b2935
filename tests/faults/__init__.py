"""The promises, kept through crashes, lost messages, outages and wrong clocks."""

from __future__ import annotations
