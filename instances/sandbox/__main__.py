"""`python -m instances.sandbox`."""

from __future__ import annotations

import sys

from instances.sandbox.main import main

if __name__ == "__main__":
    sys.exit(main())
