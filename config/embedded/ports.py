"""TCP ports of this machine: is one free, and which is the next that is."""

from __future__ import annotations

import socket

from config.embedded.errors import PortTaken

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 100


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port`; lingering connections do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def is_answering(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server accepts connections on `port`."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def choose_port(
    asked: int | None, default: int, *, host: str = LOOPBACK, but: int | None = None
) -> int:
    """The port that was asked for, or the first free one from `default` on.

    `but` is promised to somebody else already. Raises PortTaken when the asked one
    is taken: who names a port wants that one.
    """
    if asked is None:
        return next_free_port(default, host=host, but=but)
    if asked == but or not is_free(asked, host):
        raise PortTaken(
            f"Port {asked} is taken. Stop what listens there, or choose another port."
        )
    return asked


def next_free_port(first: int, *, host: str = LOOPBACK, but: int | None = None) -> int:
    """The first free port from `first` on, other than `but`."""
    for port in range(first, first + PORTS_TRIED):
        if port != but and is_free(port, host):
            return port
    raise PortTaken(f"All ports from {first} to {first + PORTS_TRIED - 1} are taken.")
