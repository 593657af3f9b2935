"""As whom PostgreSQL runs, since it refuses root."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from config.embedded.binaries import postgres_bin
from config.embedded.identity import Identity, become, choose_identity

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes identity")
SOMEBODY = pwd.getpwnam("nobody").pw_uid


def id_of(identity: Identity) -> int:
    """What `id` says of itself under that identity."""
    printed = subprocess.run(
        ["id", "-u"],  # noqa: S607 - where it is varies
        preexec_fn=lambda: become(identity),
        capture_output=True,
        check=True,
    )
    return int(printed.stdout)


def test_who_is_not_root_stays_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)

    assert choose_identity(postgres_bin() / "postgres") is Identity.SELF
    assert id_of(Identity.SELF) == os.getuid()


@needs_root
def test_root_takes_a_namespace_where_it_is_allowed_and_is_known_there() -> None:
    if choose_identity(postgres_bin() / "postgres") is not Identity.NAMESPACE:
        pytest.skip("this machine allows no user namespaces")

    seen = id_of(Identity.NAMESPACE)

    assert seen != 0
    assert pwd.getpwuid(seen)


@needs_root
def test_root_can_become_nobody() -> None:
    assert id_of(Identity.NOBODY) == SOMEBODY


def test_root_whose_program_cannot_run_in_a_namespace_becomes_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert choose_identity(Path("/no/such/program")) is Identity.NOBODY
