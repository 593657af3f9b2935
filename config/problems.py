"""The one form of an error answer: RFC 9457's, with a stable code."""

from __future__ import annotations

import http
from typing import Any

PROBLEM = "application/problem+json"
NOT_FOUND = "There is nothing here, or you may not see it."


def problem(
    status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """The body; `errors` holds messages by field. `request_id` is added with it."""
    return {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or {},
    }
