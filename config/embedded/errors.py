"""What can go wrong while starting, in words for the person at the terminal."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 20


class EmbeddedError(Exception):
    """Something kept the product from starting; the message says what to do."""


class BinaryMissing(EmbeddedError):
    """No usable server program was found for a service."""


class PortTaken(EmbeddedError):
    """Somebody else listens on a port that was asked for by number."""


class AlreadyRunning(EmbeddedError):
    """Another process holds the data folder."""


class StartFailed(EmbeddedError):
    """A process ended, or stayed silent, before it was ready."""

    def __init__(self, what: str, log: Path | None = None) -> None:
        tail = log_tail(log) if log else ""
        super().__init__(f"{what}\n{tail}".rstrip())


def log_tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The end of a log file, with its name above it; empty when there is none."""
    if not log.exists():
        return ""
    written = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"The end of {log}:", *written[-lines:]])
