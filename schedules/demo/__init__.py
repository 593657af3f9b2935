"""A year in the life of an agency, for a demo to begin with: made up, repeatable."""

from __future__ import annotations
