"""A person's browser: a session at our own API, for pressing buttons all at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

PASSWORD = "a-password"  # tests.makers gives it to everybody


class Person:
    """Signed in. Answers are handed out as they are, errors too."""

    def __init__(self, web_url: str, name: str) -> None:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        self._client = httpx.Client(
            base_url=f"{web_url}/api/v1/", timeout=30, limits=limits, trust_env=False
        )
        self._client.get("session/").raise_for_status()
        login = {"username": name, "password": PASSWORD}
        self.post("session/", login).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def post(
        self, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        return self._send("POST", path, body, headers)

    def patch(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        return self._send("PATCH", path, body, headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self._send("DELETE", path, None, headers)

    def _send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        token = {"X-CSRFToken": self._client.cookies.get("csrftoken") or ""}
        return self._client.request(
            method, path, json=body or {}, headers=token | named
        )


def all_at_once(deed: Callable[[], httpx.Response], times: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        return [each.result() for each in [pool.submit(deed) for _ in range(times)]]
