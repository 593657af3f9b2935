"""Links to result files that carry their own permission, for ten minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from instances.sandbox.errors import Refusal
from instances.sandbox.tokens import is_signature, sign

LINK_LIFE = timedelta(minutes=10)
ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = "%Y%m%dT%H%M%SZ"
EXPIRED = "Request has expired"


def link(base_url: str, path: str, *, now: datetime) -> str:
    signed = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"SANDBOX/{now:%Y%m%d}/us-east-1/s3/aws4_request",
        "X-Amz-Date": now.astimezone(UTC).strftime(STAMP),
        "X-Amz-Expires": str(int(LINK_LIFE.total_seconds())),
        "X-Amz-SignedHeaders": "host",
    }
    signature = sign(signed_text(path, signed))
    return f"{base_url}{quote(path)}?{urlencode(signed)}&X-Amz-Signature={signature}"


def signed_text(path: str, fields: Mapping[str, str]) -> str:
    return "\n".join([path, *(f"{name}={fields[name]}" for name in sorted(fields))])


def check_link(path: str, query: Mapping[str, str], *, now: datetime) -> None:
    """Raises Refusal in S3's words for a link that was made up, changed, or is old."""
    signature = query.get("X-Amz-Signature", "")
    signed = {name: query[name] for name in query if name != "X-Amz-Signature"}
    if not is_signature(signature, signed_text(path, signed)):
        raise Refusal(
            403,
            "The request signature we calculated does not match the signature you "
            "provided.",
            code="SignatureDoesNotMatch",
        )
    made_at = datetime.strptime(signed["X-Amz-Date"], STAMP).replace(tzinfo=UTC)
    life = timedelta(seconds=int(signed["X-Amz-Expires"]))
    if now >= made_at + life:
        raise expired()


def expired() -> Refusal:
    return Refusal(403, EXPIRED, code="AccessDenied")
