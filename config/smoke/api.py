"""Our own HTTP API, as a script with a session uses it."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from config.smoke.errors import SmokeFailed

TIMEOUT_SECONDS = 20.0


class Api:
    """A signed-in session. Any answer but a good one raises SmokeFailed."""

    def __init__(self, web_url: str) -> None:
        self._client = httpx.Client(
            base_url=f"{web_url}/api/v1/", timeout=TIMEOUT_SECONDS
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def log_in(self, username: str, password: str) -> None:
        self._send("GET", "session/")  # it sets the CSRF cookie
        self.post("session/", {"username": username, "password": password})

    def get(self, path: str, **parameters: str | int) -> Any:
        return self._send("GET", path, params=parameters).json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        token = self._client.cookies.get("csrftoken") or ""
        answer = self._send("POST", path, json=body, headers={"X-CSRFToken": token})
        return answer.json() if answer.content else None

    def pages(self, path: str, **parameters: str | int) -> list[dict[str, Any]]:
        """The rows of all pages."""
        page = self.get(path, **parameters)
        rows: list[dict[str, Any]] = page["results"]
        while page["next"]:
            page = self.get(page["next"])
            rows += page["results"]
        return rows

    def download(self, path: str) -> str:
        return self._send("GET", path).text

    def follow(self, url: str) -> None:
        """Open an address as the browser would after a redirect."""
        self._send("GET", url)

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise SmokeFailed(f"{method} {path}: {error!r}") from error
        if answer.is_error:
            raise SmokeFailed(
                f"{method} {path} answered {answer.status_code}: {answer.text[:500]}"
            )
        return answer
