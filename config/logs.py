"""Logs for machines in production, for people elsewhere; secrets never pass."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from instances.redaction import without_secrets


def configure(options: dict[str, str]) -> None:
    """Route every logger through structlog; `options` has `level` and `format`."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if options["format"] == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    for noisy in ("httpx", "httpcore", "axes"):  # whole URLs; four lines a sign-in
        logging.getLogger(noisy).setLevel(logging.WARNING)


def hide_secrets(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace tokens, signatures and passwords in every text of a log line."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = without_secrets(value)
    return event
