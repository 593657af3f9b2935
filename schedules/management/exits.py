"""How commands end: exit codes, and which error means which of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from instances.amc.errors import AmcError, Forbidden, Refused, TokenRejected
from instances.errors import (
    AccountMissing,
    ApplicationHeld,
    CredentialRefused,
    DomainError,
    LwaUnavailable,
    NotPermitted,
)
from schedules.errors import InvalidField, NoActiveTarget, Paused, RecentRun
from workflows.errors import InvalidParameter, InvalidWindow


class Exit(IntEnum):
    DONE = 0
    PROBLEMS = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_PERMITTED = 4
    REFUSED = 5
    UNAVAILABLE = 6
    RUN_FAILED = 7
    TIMED_OUT = 8
    INTERRUPTED = 130


# The first that fits; every other error of ours is a problem.
_EXITS: tuple[tuple[tuple[type[DomainError], ...], Exit], ...] = (
    ((NotPermitted, CredentialRefused, TokenRejected, Forbidden), Exit.NOT_PERMITTED),
    ((Refused,), Exit.PROBLEMS),
    ((AmcError, LwaUnavailable, ApplicationHeld), Exit.UNAVAILABLE),
    ((RecentRun, Paused, NoActiveTarget, AccountMissing), Exit.REFUSED),
    ((InvalidParameter, InvalidWindow, InvalidField), Exit.USAGE),
)
# These refusals are overridden by asking again with --force.
_CAN_BE_FORCED = (RecentRun, Paused)
_FORCE = " (--force)"


def exit_of(error: DomainError) -> Exit:
    """The exit code that says what kind of error it was."""
    for kinds, code in _EXITS:
        if isinstance(error, kinds):
            return code
    return Exit.PROBLEMS


@contextmanager
def errors_as_exits() -> Iterator[None]:
    """One line for people and an exit code, instead of a traceback."""
    try:
        yield
    except DomainError as error:
        hint = _FORCE if isinstance(error, _CAN_BE_FORCED) else ""
        raise CommandError(error.message + hint, returncode=exit_of(error)) from error
    except (OperationalError, InterfaceError) as error:
        raise CommandError(
            f"The database is not available: {_first_line(error)}",
            returncode=Exit.UNAVAILABLE,
        ) from error
    except KeyboardInterrupt as error:
        raise CommandError("Interrupted.", returncode=Exit.INTERRUPTED) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
