"""Tokens at rest: encrypted, and bound to the connection they belong to.

The first key of `settings.TOKEN_KEYS` encrypts, all of them decrypt. The plaintext
names its connection, so a ciphertext that was moved to another row is refused.
"""

from __future__ import annotations

import json
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from instances.errors import UnreadableToken


def seal(connection_id: int, token: str) -> str:
    """The ciphertext of `token`, good for this connection only."""
    plaintext = json.dumps([connection_id, token]).encode()
    return _keys().encrypt(plaintext).decode()


def unseal(connection_id: int, ciphertext: str) -> str:
    """The token in `ciphertext`.

    Raises UnreadableToken when no key fits or it belongs to another connection.
    """
    try:
        owner, token = json.loads(_keys().decrypt(ciphertext.encode()))
    except InvalidToken as error:
        raise UnreadableToken from error
    if owner != connection_id:
        raise UnreadableToken
    return str(token)


def reseal(ciphertext: str) -> str:
    """The same content under the newest key. Raises UnreadableToken."""
    try:
        return _keys().rotate(ciphertext.encode()).decode()
    except InvalidToken as error:
        raise UnreadableToken from error


@cache
def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])
