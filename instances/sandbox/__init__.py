"""A local Amazon Marketing Cloud: a server that knows nothing of the product."""

from __future__ import annotations
