"""Runs on their way to a place at Amazon."""

from __future__ import annotations
