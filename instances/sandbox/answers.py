"""What goes back over the wire: status, headers and body, before faults touch it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLAIN_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One reply. `file`, when given, is sent instead of `body`."""

    status: int = 200
    body: bytes = b""
    media_type: str = PLAIN_JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    execution_id: str = ""
    """The execution it made or speaks of: for the ledger only."""
    is_distorted: bool = False
    """A fault made it say what Amazon never would: for whoever checks answers."""

    def content(self) -> bytes:
        return self.file.read_bytes() if self.file else self.body


def json_answer(
    content: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    execution_id: str = "",
    is_distorted: bool = False,
) -> Answer:
    return Answer(
        status=status,
        body=json.dumps(content).encode(),
        headers=headers or {},
        execution_id=execution_id,
        is_distorted=is_distorted,
    )


def html_answer(page: str, *, status: int = 200) -> Answer:
    return Answer(
        status=status,
        body=page.encode(),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"},
    )


PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
