"""What messages for people repeat of what was typed."""

from __future__ import annotations


def shown(text: str, limit: int = 40) -> str:
    """`text` short enough for a message, and without anything invisible."""
    short = text if len(text) <= limit else f"{text[:limit]}…"
    return short if short.isprintable() else ascii(short)[1:-1]
