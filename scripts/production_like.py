#!/usr/bin/env python3
"""Run a command as production would, with made-up values: for `check --deploy`.

python scripts/production_like.py CMD …
"""

from __future__ import annotations

import base64
import os
import secrets
import sys


def production_like() -> dict[str, str]:
    """Every variable that APP_ENV=production asks for; no server is behind them."""
    return {
        "APP_ENV": "production",
        "DEBUG": "",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "TOKEN_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode("ascii"),
        "DATABASE_URL": "postgres://amc:none@127.0.0.1:1/amc",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOWED_HOSTS": "scheduler.example.com",
        "PUBLIC_URL": "https://scheduler.example.com",
        "INSTALLATION_ID": "example",
        "LWA_CLIENT_ID": "amzn1.application-oa2-client.example",
        "LWA_CLIENT_SECRET": secrets.token_urlsafe(32),
    }


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ | production_like())  # noqa: S606 - no shell is wanted
