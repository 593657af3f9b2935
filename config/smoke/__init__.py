"""`make smoke`: one scheduled run from the clock to the result, for real."""

from __future__ import annotations
