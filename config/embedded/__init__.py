"""The product on a bare machine: PostgreSQL and Valkey from wheels, and processes.

Nothing here needs Django's settings, so that it can run before they exist.
"""

from __future__ import annotations
