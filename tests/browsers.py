"""People at the API: signed in, or not."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from instances.models import User

API = "/api/v1/"


def browser(user: User | None = None, **options: Any) -> APIClient:
    """A browser in which `user` is signed in; what is our fault is a 500 here."""
    client = APIClient(raise_request_exception=False, **options)
    if user is not None:
        client.force_login(user)
    return client


def script(secret: str) -> APIClient:
    """A script with an API token."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def codes(answer: Any) -> tuple[int, str]:
    """Status and stable code of an error answer, whose form is checked too."""
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["type"] == "about:blank"
    assert problem["detail"]
    assert "Traceback" not in answer.content.decode()
    return answer.status_code, problem["code"]


def refusal(answer: Any) -> tuple[int, str, str]:
    """The same with the first field that is named, or nothing."""
    return (*codes(answer), next(iter(answer.json()["errors"]), ""))
