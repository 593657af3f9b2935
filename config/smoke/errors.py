"""Why the smoke test failed."""

from __future__ import annotations


class SmokeFailed(Exception):
    """Something is not as it should be; the message says what, `logs` how it looked."""

    logs = ""
