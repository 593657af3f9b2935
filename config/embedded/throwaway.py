"""`python -m config.embedded.throwaway`: services for as long as stdin stays open.

A program of its own, so that pytest need not import the product to start it, and so
that also a killed pytest leaves neither a process nor a file behind.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from config.embedded.backing import throwaway
from config.embedded.errors import EmbeddedError


def main() -> int:
    """Print the addresses as one line of JSON, then wait until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which ends us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with throwaway(os.environ) as addresses:
            sys.stdout.write(json.dumps(addresses.as_environ()) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
