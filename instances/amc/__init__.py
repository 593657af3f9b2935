"""Amazon Marketing Cloud over HTTP."""

from __future__ import annotations
