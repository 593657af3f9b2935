"""`If-Match`: which revision a person saw before they changed it."""

from __future__ import annotations

import re

from rest_framework.request import Request

from instances.errors import InvalidHeader

TAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


def seen_revision(request: Request) -> int | None:
    """The revision in `If-Match`; None when it is absent or `*`.

    Raises InvalidHeader.
    """
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    match = TAG.fullmatch(header)
    if match is None:
        raise InvalidHeader('If-Match holds the revision, such as "3".')
    return int(match[1])


def entity_tag(revision: int) -> dict[str, str]:
    """The header that tells the revision of the object in an answer."""
    return {"ETag": f'"{revision}"'}
