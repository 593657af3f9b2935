"""What a check of the configuration found. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong with a schedule, or with one target of it.

    `code` is stable; `message` says what it is, `remedy` what a person can do.
    """

    severity: Severity
    code: str
    schedule_id: int
    schedule_name: str
    # Of the instance, as Amazon has it; empty when all targets are concerned.
    instance_id: str = ""
    message: str
    remedy: str = ""


def counted(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity there are."""
    counts: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
    for found in findings:
        counts[found.severity] += 1
    return counts
