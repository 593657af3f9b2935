"""Pytest plugin: embedded PostgreSQL and Valkey for a whole test session.

Loaded by name (`-p tests.services`), since it must act before pytest-django reads
the settings. What DATABASE_URL and REDIS_URL already name is not started.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

VARIABLES = ("DATABASE_URL", "REDIS_URL")
NEEDS_NO_SERVICES = {"--help", "-h", "--version", "-V", "--fixtures", "--markers"}
STARTED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, args: list[str]
) -> Iterator[None]:
    """A wrapper runs before every plain hook, thus before pytest-django's."""
    os.environ.setdefault("AMAZON_URL", "")  # not that of a demo beside the tests
    if _are_needed(args):
        started = ExitStack()
        early_config.add_cleanup(started.close)
        os.environ.update(started.enter_context(_services(early_config)))
        early_config.stash[STARTED] = True
    return (yield)


def pytest_report_header(config: pytest.Config) -> str | None:
    return "services: embedded" if STARTED in config.stash else None


def _are_needed(args: list[str]) -> bool:
    """Workers of xdist find the controller's addresses in their environment."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    are_given = all(os.environ.get(name) for name in VARIABLES)
    return not (is_worker or are_given or NEEDS_NO_SERVICES & set(args))


@contextmanager
def _services(config: pytest.Config) -> Iterator[dict[str, str]]:
    """Run the services in a program that ends when we close its input, or die."""
    with subprocess.Popen(
        [sys.executable, "-m", "config.embedded.throwaway"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=config.rootpath,
    ) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        if not line:
            raise pytest.UsageError("The embedded services did not start; see above.")
        yield json.loads(line)
        program.communicate()
