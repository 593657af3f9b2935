"""As whom PostgreSQL runs: it refuses root, and demos are often started by root."""

from __future__ import annotations

import ctypes
import os
import pwd
import subprocess
from enum import StrEnum
from pathlib import Path

CLONE_NEWUSER = 0x10000000


class Identity(StrEnum):
    """Who a server process is."""

    SELF = "self"  # the user who started us
    NAMESPACE = "namespace"  # ourselves outside, an ordinary user for itself
    NOBODY = "nobody"  # root gave up its rights


def choose_identity(program: Path) -> Identity:
    """The first identity under which this user may run PostgreSQL's `program`."""
    is_root = os.geteuid() == 0
    if not is_root and _has_a_name(os.geteuid()):
        return Identity.SELF
    if _works(Identity.NAMESPACE, program):
        return Identity.NAMESPACE
    return Identity.NOBODY if is_root else Identity.SELF


def become(identity: Identity) -> None:
    """Change this process, just forked, into `identity`."""
    if identity is Identity.NAMESPACE:
        _enter_user_namespace()
    elif identity is Identity.NOBODY:
        _turn_into_nobody()


def _works(identity: Identity, program: Path) -> bool:
    """Containers may forbid user namespaces: try instead of guessing."""
    try:
        tried = subprocess.run(
            [program, "--version"],
            preexec_fn=lambda: become(identity),
            capture_output=True,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _has_a_name(uid: int) -> bool:
    """Containers run as any number; initdb wants one that the system knows."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _ordinary_user() -> pwd.struct_passwd:
    """Anybody whom the system knows, but root; every system has `nobody`."""
    nobody = pwd.getpwnam("nobody")
    ordinary = (
        user for user in pwd.getpwall() if user.pw_uid not in (0, nobody.pw_uid)
    )
    return next(ordinary, nobody)


def _enter_user_namespace() -> None:
    """Look like an ordinary user; files stay ours, no account is created."""
    uid, gid, user = os.geteuid(), os.getegid(), _ordinary_user()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "this machine allows no user namespace")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} {gid} 1", encoding="ascii")


def _turn_into_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
