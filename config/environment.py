"""What the environment says: the one place that reads variables.

In development everything has a default, keys are generated once into `.data/`, and
the addresses of the embedded services come from `.data/services.json`. With
`APP_ENV=production` every missing variable is named and nothing starts.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("DATA_DIR", "") or BASE_DIR / ".data")

IS_PRODUCTION = env.str("APP_ENV", "development") == "production"

REQUIRED_IN_PRODUCTION = (
    "SECRET_KEY",
    "TOKEN_KEYS",
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "INSTALLATION_ID",
    "LWA_CLIENT_ID",
    "LWA_CLIENT_SECRET",
)


def refuse_when_incomplete() -> None:
    """Stop a production start that lacks a variable, naming each of them."""
    missing = [name for name in REQUIRED_IN_PRODUCTION if not env.str(name, "")]
    if IS_PRODUCTION and missing:
        raise ImproperlyConfigured(
            f"APP_ENV=production needs these variables: {', '.join(missing)}."
        )


def service_url(name: str) -> str:
    """The address in variable `name`, else that of the embedded service."""
    return str(env.str(name, "")) or embedded(name)


def embedded(name: str) -> str:
    """What the demo that runs in this folder published of itself; empty if none."""
    published = DATA_DIR / "services.json"
    if not published.exists():
        return ""
    return str(json.loads(published.read_text()).get(name, ""))


def document(name: str, otherwise: dict[str, Any]) -> dict[str, Any]:
    """The JSON object in variable `name`; `otherwise` where it is absent or empty."""
    written = str(env.str(name, ""))
    found: dict[str, Any] = json.loads(written) if written else otherwise
    return found


def generated(name: str) -> str:
    """The secret in variable `name`, else one made once and kept in `.data/`."""
    if value := str(env.str(name, "")):
        return value
    path = DATA_DIR / f"{name.lower()}.secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(_new_secret(name))
        _keep_first(draft, path)
    return path.read_text()


def _new_secret(name: str) -> str:
    is_fernet = name == "TOKEN_KEYS"
    return Fernet.generate_key().decode() if is_fernet else secrets.token_urlsafe(48)


def _keep_first(draft: Path, path: Path) -> None:
    """Publish a finished draft, unless another process was faster."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
