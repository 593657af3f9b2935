"""A small client of Amazon's protocol, for asking the sandbox in tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

CLIENT_ID = "amzn1.application-oa2-client.sandbox"
CLIENT = {"client_id": CLIENT_ID, "client_secret": "sandbox-secret"}
INSTANCE = "amcsandbox01"
SQL = "SELECT campaign, SUM(impressions) AS n FROM dsp_impressions GROUP BY 1"
WINDOW = {
    "timeWindowType": "EXPLICIT",
    "timeWindowStart": "2026-10-01T00:00:00",
    "timeWindowEnd": "2026-11-01T00:00:00",
}


class AmcClient:
    """Signed in as the first account's person unless told otherwise."""

    def __init__(
        self,
        base_url: str,
        *,
        refresh_token: str = "Atzr|sandbox",
        account: str = "ENTITY1SANDBOX",
        instance: str = INSTANCE,
    ) -> None:
        self.http = httpx.Client(base_url=base_url, trust_env=False, timeout=30)
        self.instance = instance
        self.headers = {
            "Amazon-Advertising-API-ClientID": CLIENT_ID,
            "Amazon-Advertising-API-AdvertiserId": account,
            "Amazon-Advertising-API-MarketplaceId": "ATVPDKIKX0DER",
        }
        self.sign_in(refresh_token)

    def __enter__(self) -> AmcClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def token(self, **fields: str) -> httpx.Response:
        return self.http.post("/auth/o2/token", data=fields)

    def refresh(self, refresh_token: str = "Atzr|sandbox") -> httpx.Response:
        return self.token(
            grant_type="refresh_token", refresh_token=refresh_token, **CLIENT
        )

    def sign_in(self, refresh_token: str) -> None:
        token = self.refresh(refresh_token).json()["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        merged = {**self.headers, **(headers or {})}
        return self.http.request(method, path, headers=merged, **options)

    def reporting(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.ask(method, f"/amc/reporting/{self.instance}/{path}", **options)

    def submit(self, sql: str = SQL, **fields: Any) -> httpx.Response:
        """Ad hoc, over October 2026 unless a window is given."""
        body = {"workflow": {"sqlQuery": sql}, **WINDOW, **fields}
        return self.reporting("POST", "workflowExecutions", json=body)

    def submitted(self, sql: str = SQL, **fields: Any) -> str:
        """The id of a new execution."""
        response = self.submit(sql, **fields)
        assert response.status_code == 200, response.text
        return str(response.json()["workflowExecutionId"])

    def get(self, execution_id: str, **query: str) -> httpx.Response:
        return self.reporting("GET", f"workflowExecutions/{execution_id}", params=query)

    def status(self, execution_id: str) -> str:
        return str(self.get(execution_id).json()["status"])

    def list(self, **query: Any) -> httpx.Response:
        """Since the beginning of 2026 unless told otherwise."""
        query.setdefault("minCreationTime", "2026-01-01T00:00:00")
        return self.reporting("GET", "workflowExecutions", params=query)

    def listed(self, **query: Any) -> list[str]:
        """The ids on one page of the list."""
        executions = self.list(**query).json()["executions"]
        return [str(execution["workflowExecutionId"]) for execution in executions]

    def cancel(self, execution_id: str) -> httpx.Response:
        return self.reporting(
            "PUT", f"workflowExecutions/{execution_id}", json={"status": "CANCELLED"}
        )

    def links(self, execution_id: str) -> httpx.Response:
        return self.reporting("GET", f"workflowExecutions/{execution_id}/downloadUrls")

    def download(self, link: str, **headers: str) -> httpx.Response:
        """As it must be: without the API's headers."""
        return self.http.get(link, headers=headers)
