"""Analysts' queries that come with the product: something to run from the first minute.

Each file begins with a comment of `key: value` lines: title, description, and the
declared parameters as AMC's `inputParameters` in JSON. The rest is AMC SQL.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources

HEADER = re.compile(
    r"\A/\*\ntitle: (?P<title>.+)\ndescription: (?P<description>.+)\n"
    r"parameters: (?P<parameters>(?s:.+?))\n\*/\n(?P<sql>(?s:.+))\Z"
)


@dataclass(frozen=True, kw_only=True)
class DemoQuery:
    """One file; `parameters` are AMC's `inputParameters`."""

    name: str
    title: str
    description: str
    parameters: tuple[dict[str, object], ...]
    sql: str


def parse(name: str, text: str) -> DemoQuery:
    """The query of a file's text; raises ValueError when its header is not whole."""
    match = HEADER.match(text)
    if match is None:
        message = f"demo query {name}: title, description, parameters must come first"
        raise ValueError(message)
    return DemoQuery(
        name=name,
        title=match["title"].strip(),
        description=match["description"].strip(),
        parameters=tuple(json.loads(match["parameters"])),
        sql=match["sql"].strip() + "\n",
    )


def load() -> tuple[DemoQuery, ...]:
    """All queries, by name."""
    files = sorted(
        (entry for entry in resources.files(__package__).iterdir()),
        key=lambda entry: entry.name,
    )
    return tuple(
        parse(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in files
        if entry.name.endswith(".sql")
    )
