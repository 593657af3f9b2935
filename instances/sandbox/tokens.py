"""Login with Amazon's tokens and codes: minted, read again, taken back.

Access and refresh tokens say in themselves whose they are and are signed, so that they
outlive a restart of the sandbox as Amazon's outlive ours. The key is public: it guards
synthetic data and only makes a mistyped token a refused one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from instances.sandbox.world import Account, World

ACCESS_TOKEN_LIFE = timedelta(hours=1)
CODE_LIFE = timedelta(minutes=5)
CODES_KEPT = 1_000
SIGNING_KEY = b"amc-sandbox"


def sign(text: str) -> str:
    message = text.encode(errors="replace")
    return hmac.new(SIGNING_KEY, message, hashlib.sha256).hexdigest()


def is_signature(signature: str, text: str) -> bool:
    given = signature.encode(errors="replace")
    return hmac.compare_digest(given, sign(text).encode())


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a person agreed to on the consent page; a code stands for it once."""

    account: Account
    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    challenge_method: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who stands behind an access token: `person` names the consent it comes from."""

    account: Account
    person: str


def person_of(refresh_token: str) -> str:
    """The part of a refresh token that may be shown: without its signature."""
    name, _, rest = refresh_token.removeprefix("Atzr|").partition(".")
    return f"{name}.{rest.partition('.')[0]}".rstrip(".")


class Tokens:
    """Issues and checks every token; remembers codes, and what was taken back."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.reset()

    def reset(self) -> None:
        self._codes: dict[str, Grant] = {}
        self._revoked: set[str] = set()
        self._generation = 0

    def access_token(
        self, account: Account, refresh_token: str, *, now: datetime
    ) -> str:
        claims = {
            "account": account.number,
            "person": person_of(refresh_token),
            "expires_at": int((now + ACCESS_TOKEN_LIFE).timestamp()),
            "generation": self._generation,
            "nonce": secrets.token_hex(4),
        }
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return f"Atza|{payload}.{sign(payload)}"

    def session(self, access_token: str, *, now: datetime) -> Session | None:
        """Whose access token it is; None when forged, expired or taken back."""
        payload, _, signature = access_token.removeprefix("Atza|").rpartition(".")
        if not access_token.startswith("Atza|") or not is_signature(signature, payload):
            return None
        claims = json.loads(base64.urlsafe_b64decode(payload))
        account = self._world.account_numbered(claims["account"])
        expired = datetime.fromtimestamp(claims["expires_at"], UTC) <= now
        if expired or claims["generation"] < self._generation or account is None:
            return None
        return Session(account=account, person=claims["person"])

    def refresh_token(self, account: Account) -> str:
        """A new one for each consent, so that taking one back leaves the others."""
        payload = f"{account.refresh_token}.{secrets.token_hex(8)}"
        return f"{payload}.{sign(payload)}"

    def account_of_refresh_token(self, token: str) -> Account | None:
        if token in self._revoked:
            return None
        payload, _, signature = token.rpartition(".")
        if payload and is_signature(signature, payload):
            token = payload.partition(".")[0]
        return self._world.account_of_refresh_token(token)

    def revoke_refresh_token(self, token: str) -> None:
        self._revoked.add(token)

    def revoke_access_tokens(self) -> None:
        """Refuse every access token issued so far; those issued from now on work."""
        self._generation += 1

    def code(self, grant: Grant, *, now: datetime) -> str:
        self._codes = {
            code: kept for code, kept in self._codes.items() if kept.expires_at > now
        }
        while len(self._codes) >= CODES_KEPT:
            del self._codes[next(iter(self._codes))]
        code = f"AN{secrets.token_hex(9)}"
        self._codes[code] = grant
        return code

    def account_of_code(self, code: str) -> Account | None:
        """Whose a code is, without using it up."""
        grant = self._codes.get(code)
        return grant.account if grant else None

    def redeem(self, code: str, *, now: datetime) -> Grant | None:
        """The grant behind a code; None when unknown, used before, or too old."""
        grant = self._codes.pop(code, None)
        if grant is None or grant.expires_at <= now:
            return None
        return grant
