"""The page where a person allows the application to use their account."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import CLIENT, CLIENT_ID, AmcClient

BACK = "http://localhost:8000/oauth/callback?from=lwa"
SCOPE = "advertising::campaign_management"
REQUEST = {
    "client_id": CLIENT_ID,
    "scope": SCOPE,
    "response_type": "code",
    "redirect_uri": BACK,
    "state": "s&1",
}
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .rstrip(b"=")
    .decode()
)


def decide(api: AmcClient, decision: str = "allow", **changes: str) -> httpx.Response:
    return api.http.post("/ap/oa", data={**REQUEST, "decision": decision, **changes})


def sent_back(response: httpx.Response) -> dict[str, str]:
    """The fields that the redirect carries to the application."""
    assert response.status_code == 302, response.text
    address = urlsplit(response.headers["location"])
    assert (
        f"{address.scheme}://{address.netloc}{address.path}" == BACK.partition("?")[0]
    )
    return {name: values[0] for name, values in parse_qs(address.query).items()}


def redeem(api: AmcClient, code: str, **changes: Any) -> httpx.Response:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    return api.token(**{**fields, **CLIENT, **changes})


def test_the_page_asks_and_carries_the_request_on(api: AmcClient) -> None:
    response = api.http.get("/ap/oa", params=REQUEST)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert 'value="allow"' in response.text
    assert 'value="deny"' in response.text
    assert 'name="state" value="s&amp;1"' in response.text
    assert '<option value="ENTITY2SANDBOX">' in response.text


def test_what_the_request_says_is_never_markup(api: AmcClient) -> None:
    response = api.http.get(
        "/ap/oa", params={**REQUEST, "state": '"><script>alert(1)</script>'}
    )

    assert "<script>" not in response.text


def test_allowing_goes_back_with_code_scope_and_state(api: AmcClient) -> None:
    fields = sent_back(decide(api))

    assert fields.pop("code").startswith("AN")
    assert fields == {"from": "lwa", "scope": SCOPE, "state": "s&1"}


def test_denying_goes_back_with_the_error(api: AmcClient) -> None:
    fields = sent_back(decide(api, "deny"))

    assert (fields["error"], fields["state"]) == ("access_denied", "s&1")
    assert fields["error_description"]
    assert "code" not in fields


def test_a_code_brings_tokens_that_work(api: AmcClient) -> None:
    tokens = redeem(api, sent_back(decide(api))["code"]).json()
    api.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    assert api.ask("GET", "/amc/accounts").status_code == 200
    assert api.refresh(tokens["refresh_token"]).status_code == 200


def test_the_chosen_account_is_the_one_that_is_granted(api: AmcClient) -> None:
    code = sent_back(decide(api, account="ENTITY2SANDBOX"))["code"]
    api.headers["Authorization"] = f"Bearer {redeem(api, code).json()['access_token']}"

    accounts = api.ask("GET", "/amc/accounts").json()["amcAccounts"]

    assert [account["accountId"] for account in accounts] == ["ENTITY2SANDBOX"]


def test_taking_one_consent_back_leaves_the_others(amc: Amc, api: AmcClient) -> None:
    first, second = (
        redeem(api, sent_back(decide(api))["code"]).json()["refresh_token"]
        for _ in range(2)
    )

    amc.revoke(first)

    assert api.refresh(first).json()["error"] == "invalid_grant"
    assert api.refresh(second).status_code == 200


def test_a_granted_refresh_token_that_was_altered_is_refused(api: AmcClient) -> None:
    token = redeem(api, sent_back(decide(api))["code"]).json()["refresh_token"]

    response = api.refresh(token[:-1] + ("0" if token[-1] != "0" else "1"))

    assert response.json()["error"] == "invalid_grant"


def test_a_code_works_once(api: AmcClient) -> None:
    code = sent_back(decide(api))["code"]

    assert redeem(api, code).status_code == 200
    assert redeem(api, code).json()["error"] == "invalid_grant"


def test_a_code_lives_five_minutes(amc: Amc, api: AmcClient) -> None:
    in_time, late = (sent_back(decide(api))["code"] for _ in range(2))

    amc.advance(299)
    assert redeem(api, in_time).status_code == 200
    amc.advance(1)
    assert redeem(api, late).json()["error"] == "invalid_grant"


def test_a_code_belongs_to_its_address(api: AmcClient) -> None:
    code = sent_back(decide(api))["code"]

    response = redeem(api, code, redirect_uri="http://localhost:8000/other")

    assert response.json()["error"] == "invalid_grant"


def test_a_wrong_secret_does_not_use_the_code_up(api: AmcClient) -> None:
    code = sent_back(decide(api))["code"]

    assert redeem(api, code, client_secret="x").status_code == 401
    assert redeem(api, code).status_code == 200


@pytest.mark.parametrize(
    ("challenge", "method", "verifier", "status"),
    [
        (CHALLENGE, "S256", VERIFIER, 200),
        (VERIFIER, "plain", VERIFIER, 200),
        (CHALLENGE, "S256", "another", 400),
        (CHALLENGE, "plain", VERIFIER, 400),
    ],
)
def test_a_challenge_needs_its_verifier(
    api: AmcClient, challenge: str, method: str, verifier: str, status: int
) -> None:
    granted = decide(api, code_challenge=challenge, code_challenge_method=method)

    response = redeem(api, sent_back(granted)["code"], code_verifier=verifier)

    assert response.status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x"},
        {"redirect_uri": ""},
        {"redirect_uri": "/relative"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://localhost/#fragment"},
        {"account": "ENTITY9SANDBOX"},
    ],
)
def test_what_nobody_vouches_for_is_not_redirected(
    api: AmcClient, changes: dict[str, str]
) -> None:
    response = decide(api, **changes)

    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge_method": "S1"}, "invalid_request"),
    ],
)
def test_other_mistakes_are_told_to_the_application(
    api: AmcClient, changes: dict[str, str], error: str
) -> None:
    asked = api.http.get("/ap/oa", params={**REQUEST, **changes})

    assert sent_back(asked)["error"] == error
    assert sent_back(decide(api, **changes))["error"] == error
