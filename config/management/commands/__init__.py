"""Commands that start the product, or parts of it."""

from __future__ import annotations
