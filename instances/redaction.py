"""What must never be written down: tokens, signatures, passwords in texts."""

from __future__ import annotations

import re

SECRET = re.compile(
    r"At[zc][ar]\|[^\s\"'&]+"
    r"|amzn1\.oa2-cs[^\s\"'&]*"
    r"|(?i:(?:X-Amz-(?:Signature|Credential|Security-Token)"
    r"|refresh_token|access_token|client_secret|code)=)[^\s\"'&]+"
    r"|(?i:Bearer )[^\s\"']+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def without_secrets(text: str) -> str:
    """`text` with each token, signature and password replaced by `[secret]`."""
    return SECRET.sub("[secret]", text)
