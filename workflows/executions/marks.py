"""The inert comment that names an execution at Amazon, which has no idempotency key."""

from __future__ import annotations

import re

_LAST_COMMENT = re.compile(r"/\*\s*amc-scheduler\s+(\S+)\s*\*/\s*;?\s*\Z")


def marked(sql: str, mark: str) -> str:
    """`sql` as it is sent. The mark stands at the very end, where no literal can be."""
    return f"{sql} /* amc-scheduler {mark} */"


def mark_in(sql: str) -> str:
    """The mark at the end of `sql`; empty without one."""
    found = _LAST_COMMENT.search(sql)
    return found.group(1) if found else ""


def without_mark(sql: str) -> str:
    """`sql` as it was before it was marked, for comparing."""
    return _LAST_COMMENT.sub("", sql).rstrip()


def is_of(installation: str, mark: str) -> bool:
    """Whether this installation made the mark: `<installation>-<run id>-<8 hex>`."""
    return bool(re.fullmatch(rf"{re.escape(installation)}-\d+-[0-9a-f]{{8}}", mark))
