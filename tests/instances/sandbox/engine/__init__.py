"""Tests of the sandbox's SQL engine."""

from __future__ import annotations
