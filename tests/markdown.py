"""Reads our Markdown: what is code in it, what links where, what is a heading."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.environment import BASE_DIR

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)|<img [^>]*src=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of code."""

    language: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """One Markdown file; `name` is its path from the root."""

    name: str
    text: str

    @property
    def folder(self) -> Path:
        return (BASE_DIR / self.name).parent

    @property
    def blocks(self) -> list[Block]:
        return [Block(language=m[1], text=m[2]) for m in _FENCE.finditer(self.text)]

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What stands between backticks, on one line each."""
        return [" ".join(found.split()) for found in _SPAN.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        return [a or b for a, b in _LINK.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """Headings as the addresses that hosts of repositories make of them."""
        return {_slug(heading) for heading in _HEADING.findall(self.prose)}

    def code(self) -> Iterator[str]:
        """Every piece of code: spans, and the lines of blocks."""
        yield from self.spans
        for block in self.blocks:
            yield from block.text.splitlines()


@cache
def tracked_files() -> frozenset[str]:
    """Every file of the repository, also those that are new; without ignored ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    return frozenset(
        name for name in listed.stdout.splitlines() if (BASE_DIR / name).exists()
    )


@cache
def document(name: str) -> Document:
    return Document(name=name, text=(BASE_DIR / name).read_text(encoding="utf-8"))


def names() -> list[str]:
    return sorted(name for name in tracked_files() if name.endswith(".md"))


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")
