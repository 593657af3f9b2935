"""One request to the sandbox, read once, with what its operation may ask of it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from instances.sandbox.errors import Family, Refusal

MARK = re.compile(r"/\*\s*amc-scheduler\s+(\S+)\s*\*/")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a path and method mean. `name` is the word faults and ledger select by."""

    name: str
    family: Family
    media_types: tuple[str, ...] = ()
    """Amazon's versioned types for it, besides plain JSON."""
    needs_account: bool = True


@dataclass(frozen=True, kw_only=True)
class Call:
    operation: Operation
    method: str
    path: str
    target: Mapping[str, str]
    """The ids in the path."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    base_url: str
    account_id: str
    """By header, else of whoever's token, code or link it carries; may be empty."""
    person: str
    """The consent that the access token comes from; may be empty."""
    now: datetime
    """The sandbox clock when the request had been read."""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    suffered: list[str] = field(default_factory=list)
    """The faults that were done to it."""

    @property
    def instance_id(self) -> str:
        return self.target.get("instance_id", "")

    @property
    def bearer(self) -> str:
        return bearer_in(self.headers)

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def content(self) -> dict[str, object]:
        """The JSON object in the body."""
        try:
            content = json.loads(self.body, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "The request body is not valid JSON.") from error
        if not isinstance(content, dict):
            raise Refusal(400, "The request body must be a JSON object.")
        return content

    def flag(self, name: str) -> bool:
        """A query parameter that must be `true` or `false` when it is there."""
        word = self.query.get(name, "false").lower()
        if word not in ("true", "false"):
            raise Refusal(400, f"{name} must be true or false.")
        return word == "true"


def refuse_constant(name: str) -> object:
    """NaN and its kin, which Python reads and JSON has not."""
    raise ValueError(name)


def bearer_in(headers: Mapping[str, str]) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def mark_in(sql: str) -> str:
    """The mark that our product leaves in a comment; empty without one."""
    marks = MARK.findall(sql)
    return str(marks[-1]) if marks else ""
