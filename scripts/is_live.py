#!/usr/bin/env python3
"""Does the web server of this container answer? For its health check."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

URL = "http://127.0.0.1:8000/healthz/live"


def our_host() -> str:
    """A host name that Django accepts: the first of ALLOWED_HOSTS."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return "localhost" if first in ("", "*") else first


def is_live() -> bool:
    request = urllib.request.Request(URL, headers={"Host": our_host()})
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 - http://
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_live() else 1)
