"""The surroundings of the processes: time runs ten times as fast, in proportion.

The database's and Amazon's clocks run at RATE, so all waiting times keep the ratios
that production has. Only what is measured on the machine's own clock is divided here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from config.embedded.backing import Addresses

RATE = 10.0
TICK_SECONDS = 1.0
POLL_SECONDS = 1.0  # Beat keeps whole seconds only
SANDBOX_OPTIONS = ("--speed", "1", "--accounts", "3", "--impressions", "20000")
# On CLOCK_BOOTTIME and time.monotonic(). The POST's beginning gets more than its
# share: two busy cores are not a tenth as fast as production's. The proof of absence
# leaves room for it all the same.
TIMES = {
    "post_start": 2.0,
    "post_end": 4.0,
    "collect_renew": 3.0,
    "poll_pass": 4.0,
    "tick_lock": 10.0,
}


def environment(
    *,
    folder: Path,
    addresses: Addresses,
    ports: Mapping[int, int],
    sandbox_port: int,
    web_url: str,
    points: Path,
) -> dict[str, str]:
    """Ours alone, beside what any program needs. `ports` leads to the proxies'."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG")
        if name in os.environ
    }
    through = {
        name: _through(url, ports) for name, url in addresses.as_environ().items()
    }
    return {
        **kept,
        **through,
        "DATA_DIR": str(folder),
        "INSTALLATION_ID": "faults",
        "AMAZON_URL": f"http://127.0.0.1:{sandbox_port}",
        "PUBLIC_URL": web_url,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "TICK_SECONDS": str(TICK_SECONDS),
        "POLL_SECONDS": str(POLL_SECONDS),
        "TIMES": json.dumps(TIMES),
        "FAULT_POINTS": str(points),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _through(url: str, ports: Mapping[int, int]) -> str:
    for port, proxied in ports.items():
        url = url.replace(f":{port}/", f":{proxied}/")
    return url
