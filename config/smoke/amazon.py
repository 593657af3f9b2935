"""The sandbox by Amazon's own protocol, past the product: consent, comparison."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from config.smoke.errors import SmokeFailed

ACCOUNT = "ENTITY1SANDBOX"
MARKETPLACE = "ATVPDKIKX0DER"
CLIENT_ID = "amzn1.application-oa2-client.sandbox"
LOGIN = {
    "grant_type": "refresh_token",
    "refresh_token": "Atzr|sandbox",
    "client_id": CLIENT_ID,
    "client_secret": "sandbox-secret",
}
TIMEOUT_SECONDS = 20.0


def consent(consent_url: str) -> str:
    """Agree on Amazon's consent page; returns where the browser is sent back to."""
    asked = urlsplit(consent_url)
    form = dict(parse_qsl(asked.query)) | {"account": ACCOUNT, "decision": "allow"}
    page = f"{asked.scheme}://{asked.netloc}{asked.path}"
    answer = httpx.post(page, data=form, timeout=TIMEOUT_SECONDS)
    if not answer.is_redirect:
        raise SmokeFailed(f"The consent page answered {answer.status_code}.")
    return answer.headers["Location"]


def result(sandbox_url: str, instance_id: str, execution_id: str) -> str:
    """The CSV text of an execution's result, as Amazon gives it to anybody."""
    with httpx.Client(base_url=sandbox_url, timeout=TIMEOUT_SECONDS) as client:
        path = f"/amc/reporting/{instance_id}/workflowExecutions/{execution_id}"
        links = client.get(f"{path}/downloadUrls", headers=_headers(client))
        urls = _checked(links)["downloadUrls"]
    return "".join(_file(url) for url in urls)  # a link refuses any other permission


def _headers(client: httpx.Client) -> dict[str, str]:
    token = _checked(client.post("/auth/o2/token", data=LOGIN))["access_token"]
    return {
        "Authorization": f"Bearer {token}",
        "Amazon-Advertising-API-ClientId": CLIENT_ID,
        "Amazon-Advertising-API-AdvertiserId": ACCOUNT,
        "Amazon-Advertising-API-MarketplaceId": MARKETPLACE,
    }


def _file(url: str) -> str:
    answer = httpx.get(url, timeout=TIMEOUT_SECONDS)
    if answer.is_error:
        raise SmokeFailed(f"A result could not be downloaded: {answer.status_code}.")
    return answer.text


def _checked(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise SmokeFailed(f"The sandbox answered {answer.status_code}: {answer.text}")
    return answer.json()
